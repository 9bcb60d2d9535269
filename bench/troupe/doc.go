// Package troupe starts the programs that a bench measures, an agent of ours among
// them, ends them, and says how much of the processor and of memory each of them
// has used, and how much the rest of the machine.
//
// Every program is started in a process group of its own, is ended with its
// troupe, and dies with the bench; nothing else is ever ended.
package troupe
