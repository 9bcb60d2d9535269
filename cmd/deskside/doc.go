// Command deskside is every role of the suite in one static binary: the agent
// on a person's machine, the operator's commands and the operator's local
// console.
//
// There is one file for each subcommand, with its usage, its example, its
// flags and its run function. A run function returns its error; only main
// exits, with a status that follows from the error's code:
//
//	0  done
//	1  failed
//	2  wrong usage
//	3  refused by policy or the person
//	4  not reachable
//	130  interrupted
//
// Every command takes --json and then prints JSON on the standard output: its
// result, or {"error": {"code", "words", "by", "do"}}. Lists without a bound,
// as of audit entries, are one value on each line.
//
// It holds no logic of the protocol, of policy or of a service: those are in
// the packages that it joins together.
package main
