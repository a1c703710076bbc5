// Package jobs is what the commands about jobs of a server do: it sends files as jobs,
// waits for paintings and saves them, and prints jobs for a person or a script.
//
//	[Submission] -> client -> server -> client -> [Wait], [List], [Print]
package jobs
