// Package heif reads still pictures of the High Efficiency Image File Format
// (ISO/IEC 23008-12): HEIC, which phones save (HEVC), and AVIF (AV1).
//
// [Parse] reads the container: the primary picture, its size, colours, orientation and
// EXIF. [Picture.Decode] decodes the pixels.
// The decoders are libheif with libde265, and libavif with libaom, compiled to
// WebAssembly. They run in wazero, where they reach nothing but their own memory,
// which is bounded, and end after a bounded time. They are compiled when the first
// picture of their kind is decoded.
//
// hevc.wasm.gz and av1.wasm.gz are the files of the Go modules
// github.com/gen2brain/heic and github.com/gen2brain/avif, which fetch.sh copies.
// These modules themselves would load the system's libraries into the process,
// decode without bounds, and not stop. NOTICE names the licences.
package heif
