// Package figure gives tests of faults their counts: a small one where all tests
// run, and the named one, which takes long, where script/fuzz asks for it. Such
// tests are called TestFault, and log what they did.
package figure

import "os"

// Variable is set to "named" for the named figures.
const Variable = "DESKSIDE_FIGURES"

// Of gives small, or named where that is asked for.
func Of(small, named int) int {
	if os.Getenv(Variable) == "named" {
		return named
	}
	return small
}
