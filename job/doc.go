// Package job keeps paintings that wait, are painted, or are done, through
// crashes of whoever paints them.
//
// The way of a job: [Store.Submit] checks it as far as possible without
// painting, stores its pictures, creates its record, and puts its number into
// the queue. A [Worker] takes the number, claims the record, and paints; every
// second it writes its progress into the record, and now and then a checkpoint
// beside it. The result is stored under a name of its own and committed by a
// change of the record. Whoever listens is told of changes by one watch of all
// records.
//
// Everything is in NATS JetStream, in this process or in a cluster: records in
// a key-value store, pictures in an object store, the queue in a stream with at
// most one message for each job.
//
// # Who owns a job
//
// A record changes only by compare-and-set. Each claim raises its fence, and
// whoever writes progress or a result must hold the present one: a worker that
// froze and comes back finds another fence, and what it painted is thrown away.
// So messages may come late, twice or, after a late acknowledgement, not at
// all: [Store.Maintain] queues again what nobody paints.
package job
