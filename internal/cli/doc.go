// Package cli is the frame of a program of commands, above cobra: it knows nothing of
// what the commands do.
//
// A program builds its commands with cobra, puts their flags into sections ([Section],
// [Everyday]), registers completions ([Complete]), and hands the root to a [Program].
// [Program.Prepare] gives each command its help texts, an environment variable for each
// flag, and the checks of its arguments. [Program.Run] then takes the arguments of the
// process this way:
//
//	arguments -> cobra, pflag      an unknown command or flag: "did you mean ...?"
//	          -> environment       a flag that is not given has the value of its variable
//	          -> refuseEmpty       no argument is an empty name
//	          -> the command       its RunE, with a context that Ctrl-C cancels
//	          -> exit code         of its error, which is printed
//
// A command returns one of the error types of errors.go where the exit code is to say
// whose fault it is: [UsageError], [InputError], [OutputError]. What it prints on standard
// output goes through [PrintText], [PrintTable] or [PrintJSON], whose errors say that
// standard output cannot be written.
package cli
