package score

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The names of the servers as the table has them.
const Ours = "deskside"

// Columns are the servers in the order of the table, Scrapers those that ours is
// compared with.
var (
	Columns  = []string{Ours, "x0vncserver", "x11vnc", "Xtigervnc"}
	Scrapers = []string{"x0vncserver", "x11vnc"}
)

// Picture gives the tables of the picture for people.
func (r *Run) Picture() string {
	var b strings.Builder
	r.head(&b, "The picture, side by side")
	b.WriteString("Each value is the median of the rounds. The ratio is ours to the better of x0vncserver and x11vnc;\n" +
		"\"by ratio\" is a goal that is missed by its number here and met at the ratio to the better scraper that it was set with.\n\n")
	r.table(&b)
	r.info(&b)
	r.correctness(&b)
	r.failures(&b)
	return b.String()
}

func (r *Run) table(b *strings.Builder) {
	b.WriteString("| workload | unit |")
	for _, c := range Columns {
		b.WriteString(" " + c + " |")
	}
	b.WriteString(" ratio | goal | met | ahead |\n| --- | --- |" + strings.Repeat(" ---: |", len(Columns)+2) + " --- | --- |\n")
	for i := range Rows {
		if row := &Rows[i]; !row.Info && r.measured(row.ID) {
			r.line(b, row)
		}
	}
}

func (r *Run) line(b *strings.Builder, row *Row) {
	fmt.Fprintf(b, "| %s | %s |", row.Name, row.Unit)
	r.cells(b, row)
	scrapers := []float64{}
	for _, s := range Scrapers {
		if v := r.value(s, row.ID); !math.IsNaN(v) {
			scrapers = append(scrapers, v)
		}
	}
	v := row.Judge(r.value(Ours, row.ID), scrapers...)
	fmt.Fprintf(b, " %s | %s | %s | %s |\n", ratio(v.Ratio), row.goal(), v.Met, v.Ahead)
}

func (r *Run) cells(b *strings.Builder, row *Row) {
	for _, c := range Columns {
		b.WriteString(" " + row.Text(r.value(c, row.ID)) + " |")
	}
}

func (r *Run) measured(id string) bool {
	return slices.ContainsFunc(Columns, func(c string) bool { return len(r.values(c, id)) > 0 })
}

// Text writes a value of the row.
func (row *Row) Text(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 1) && row.Unit == "dB":
		return "exact"
	case math.IsInf(v, 1):
		return "never"
	case row.Whole || v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case row.Unit == "% of a core" && v < 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

func (row *Row) goal() string {
	switch {
	case row.Goal == 0:
		return ""
	case row.Up:
		return fmt.Sprintf("%g", row.Goal)
	}
	return fmt.Sprintf("≤ %g", row.Goal)
}

func ratio(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

// info lists what is said beside the goals.
func (r *Run) info(b *strings.Builder) {
	first := true
	for i := range Rows {
		row := &Rows[i]
		if !row.Info || !r.measured(row.ID) {
			continue
		}
		if first {
			b.WriteString("\nBesides:\n\n| | unit | " + strings.Join(Columns, " | ") + " |\n| --- | --- |" + strings.Repeat(" ---: |", len(Columns)) + "\n")
			first = false
		}
		fmt.Fprintf(b, "| %s | %s |", row.Name, row.Unit)
		r.cells(b, row)
		b.WriteString("\n")
	}
}

// correctness says for each workload in how many rounds the picture was exact.
func (r *Run) correctness(b *strings.Builder) {
	type key struct{ workload, server string }
	exact, all := map[key]int{}, map[key]int{}
	order := []string{}
	for _, s := range r.Samples {
		if s.Exact == "" {
			continue
		}
		k := key{s.Workload, s.Server}
		if all[k]++; s.Exact == "exact" {
			exact[k]++
		}
		if !slices.Contains(order, s.Workload) {
			order = append(order, s.Workload)
		}
	}
	if len(order) == 0 {
		return
	}
	b.WriteString("\nRounds in which the viewer's picture became the X server's own, pixel by pixel:\n\n| workload | " +
		strings.Join(Columns, " | ") + " |\n| --- |" + strings.Repeat(" ---: |", len(Columns)) + "\n")
	for _, w := range order {
		fmt.Fprintf(b, "| %s |", w)
		for _, c := range Columns {
			k := key{w, c}
			if all[k] == 0 {
				b.WriteString(" |")
			} else {
				fmt.Fprintf(b, " %d of %d |", exact[k], all[k])
			}
		}
		b.WriteString("\n")
	}
}
