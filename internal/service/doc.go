// Package service runs the processes of pastiche: a [Server], which serves the studio
// and paints, and a [Worker], which paints the jobs of a cluster.
//
// Both are structs whose fields are the flags of 'pastiche serve' and 'pastiche
// worker'. Errors name the flags. A process is run in three calls: Validate checks the
// values, Load reads the files that they name, and Run opens the storage and works
// until its context ends.
package service
