package score

import (
	"fmt"
	"slices"
	"strings"
)

// head says what was measured, when, and what else the machine did.
func (r *Run) head(b *strings.Builder, title string) {
	fmt.Fprintf(b, "# %s\n\n", title)
	fmt.Fprintf(b, "Commit %s, %s UTC, %d rounds in %.0f minutes, on %s.\n", r.Commit, r.Began.UTC().Format("2006-01-02 15:04"),
		r.Rounds, r.Took.Minutes(), r.Machine)
	if r.Cut {
		b.WriteString("It was interrupted: some have fewer rounds, or none.\n")
	}
	others := []float64{}
	load := 0.0
	for _, s := range r.Samples {
		others = append(others, s.Others)
		load = max(load, s.Load)
	}
	fmt.Fprintf(b, "The machine's other load meanwhile: %.0f %% of a core in the median, %.0f %% at most; load average up to %.1f.\n\n",
		Median(others), Percentile(others, 100), load)
}

// failures lists what went wrong, and what there is to note.
func (r *Run) failures(b *strings.Builder) {
	first := true
	for _, s := range r.Samples {
		words := slices.Clone(s.Notes)
		if s.Failed != "" {
			words = append(words, "failed: "+s.Failed)
		}
		for _, w := range words {
			if first {
				b.WriteString("\nNotes:\n\n")
				first = false
			}
			fmt.Fprintf(b, "- round %d, %s, %s: %s\n", s.Round+1, s.Workload, s.Server, strings.ReplaceAll(strings.TrimSpace(w), "\n", " "))
		}
	}
}
