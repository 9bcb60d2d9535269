package identity

import (
	"math/rand/v2"
	"slices"
	"strings"

	"deskside"
)

// gapCount is how many groups of an ID a person fills in. Each has 20 bits but
// the last, which has 16 and is always shown. A key whose ID looks right in
// three known groups costs 2^60 tries, and which three will be asked for is not
// known before: one such key passes once in 220 times, and is found out in the
// others.
const gapCount = 3

const gap = "????"

// Gaps is an ID of which some groups, chosen at random, are left out where it
// is shown. A person reads them at the machine whose ID it is and fills them
// in, which shows that both are the same key. They decide nothing else: a key
// is pinned whole.
type Gaps struct {
	id   deskside.KeyID
	left []int // the places of the groups, in order
}

// LeaveGaps chooses.
func LeaveGaps(id deskside.KeyID) Gaps {
	left := rand.Perm(len(groups(id)) - 1)[:gapCount] // seeded by the system at random
	slices.Sort(left)
	return Gaps{id, left}
}

func groups(id deskside.KeyID) []string { return strings.Split(id.String(), "-") }

// String gives the ID with "????" in place of what is left out.
func (g Gaps) String() string {
	list := groups(g.id)
	for _, i := range g.left {
		list[i] = gap
	}
	return strings.Join(list, "-")
}

// Filled reports whether typed is what was left out, in order, or the whole ID.
// Case, spaces and hyphens do not matter.
func (g Gaps) Filled(typed string) bool {
	typed = strings.TrimSpace(typed)
	if id, err := deskside.ParseKeyID(typed); err == nil {
		return id == g.id
	}
	list, want := groups(g.id), ""
	for _, i := range g.left {
		want += list[i]
	}
	plain := strings.NewReplacer("-", "", " ", "").Replace(typed)
	return strings.EqualFold(plain, want)
}
