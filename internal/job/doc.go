// Package job keeps paintings that wait, are being painted, or are finished, and
// distributes them among workers.
//
// # The way of a job
//
// A server begins a [Draft] for an upload: it creates a record in the state
// [Receiving], then stores each picture as it arrives. [Draft.Submit] checks the
// job as far as that is possible without painting and changes the state to queued.
// From then on the job will be painted, whatever process ends in between.
//
// A [Worker] asks for work over the [Bus]. A server answers with the id of a job
// that this worker can paint. The worker claims the record by compare-and-set and
// paints. Every second it publishes a heartbeat with its progress; now and then it
// stores a checkpoint and names it in the record. It stores the painting under a
// name of its own and commits it by a change of the record.
//
// # Quick looks
//
// A look is a job that shows within seconds what a painting will look like:
// [Service.BeginLook] begins it. Looks have queues of their own, and each worker paints
// one at a time beside its job. They are in no list of jobs and are deleted soon.
//
// # Videos
//
// A video is one job with a record for each of its shots, a [Part], which depends on the
// frames of the shot alone. The leader makes the parts of a video that was queued. Workers
// claim and paint them as they do jobs, in parallel; each frame is a checkpoint. When all
// are done, the leader makes their paintings those of the video. A video whose Parts is
// not "" stays active until the leader has removed its parts, also where it was cancelled
// or deleted. Clients never see a part, and a part whose video is gone is removed.
//
// # Records, blobs, messages
//
// Everything that must not be lost is a [Record] in a [Store], which changes by
// compare-and-set, or an immutable blob in a blob.Store. Everything that may be
// lost (progress, previews, requests for work) is a message on a [Bus]. Package
// folderstore keeps records in a folder for one process, package natsstore in NATS
// JetStream for a cluster.
//
// The queue is the set of queued records. Each server keeps the active records in
// memory, of which there are as many as the queue has places, and chooses the next
// job from them: of the owner with the fewest jobs running, the oldest. Finished
// records stay in the store and are read page by page.
//
// # Who owns a job
//
// A claim raises the record's fence, and only the worker with the present fence
// may write a checkpoint or a result. A worker that froze and comes back finds
// another fence, and its painting is discarded. One server is the leader, by a
// lease in the store. It queues jobs again whose worker has been silent for
// [Config.Silence], deletes what has expired, and calls webhooks.
package job
