package weights

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// A foreignKind is a kind of file that users mistake for a network and that cannot be
// read.
type foreignKind struct {
	at    int // the position of the magic number in the file
	magic string
	what  string
	help  string // what to do with such a file
}

// foreignLength is the number of first bytes that identify all kinds.
const foreignLength = 512

const (
	pullInstead  = "'pastiche networks pull vgg19' fetches a VGG-19"
	unpackFirst  = "unpack it first"
	fetchItself  = "download the file itself, or 'pastiche networks pull vgg19' fetches a VGG-19"
	saveAgain    = "load it with torch.load of PyTorch 1 and save it again with torch.save, or " + pullInstead
	fetchFromLFS = "fetch the file itself with 'git lfs pull', or " + pullInstead
	convertFirst = "export the network from its framework to ONNX or safetensors, or " + pullInstead
)

var foreignKinds = []foreignKind{
	{0, "\x04\x00\x00\x00\x01\x00\x00\x00", "a Torch 7 file (.t7)", pullInstead},
	{0, "\x03\x00\x00\x00\x01\x00\x00\x00", "a Torch 7 file (.t7)", pullInstead},
	{0, "4\n1\n3\nV 1\n", "a Torch 7 file (.t7, as text)", pullInstead},
	{257, "ustar", "a tar archive, as PyTorch wrote before version 0.1.10", saveAgain},
	{0, "version https://git-lfs.github.com/spec/", "a Git LFS pointer in place of the file", fetchFromLFS},
	{0, "\x1f\x8b", "a gzip archive", unpackFirst},
	{0, "BZh", "a bzip2 archive", unpackFirst},
	{0, "\xfd7zXZ\x00", "an xz archive", unpackFirst},
	{0, "\x28\xb5\x2f\xfd", "a Zstandard archive", unpackFirst},
	{0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive", unpackFirst},
	{0, "Rar!\x1a\x07", "a RAR archive", unpackFirst},
	{0, "GGUF", "a GGUF file, of a language model", pullInstead},
	{4, "TFL3", "a TensorFlow Lite model", convertFirst},
	{0, "\x89PNG", "a picture (PNG)", ""},
	{0, "\xff\xd8\xff", "a picture (JPEG)", ""},
	{0, "GIF8", "a picture (GIF)", ""},
	{8, "WEBP", "a picture (WebP)", ""},
	{0, "%PDF-", "a PDF document", ""},
}

// webPages are the beginnings of web pages, in lower case.
var webPages = []string{"<!doctype html", "<html", "<head", "<?xml"}

// foreignError says what kind of file begins with the given bytes, and what to do.
func foreignError(begin []byte, expected string) error {
	what, help := "", ""
	for _, k := range foreignKinds {
		if len(begin) > k.at && bytes.HasPrefix(begin[k.at:], []byte(k.magic)) {
			what, help = k.what, k.help
			break
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(begin, []byte("\xef\xbb\xbf")), " \t\r\n")
	for _, page := range webPages {
		if len(text) >= len(page) && bytes.EqualFold(text[:len(page)], []byte(page)) {
			what, help = "a web page in place of the file", fetchItself
		}
	}
	switch {
	case isPrototxt(text):
		what, help = "the description of a Caffe network (.prototxt), which holds no weights", "name the .caffemodel that belongs to it, or "+pullInstead
	case what == "" && beginsWithName(begin):
		what, help = "a Caffe model (.caffemodel), and damaged", "get another copy, or "+pullInstead
	}
	switch {
	case help != "":
		return fmt.Errorf("%w: it is %s: %s", ErrNotNetwork, what, help)
	case what != "":
		return fmt.Errorf("%w: it is %s, expected one of %s", ErrNotNetwork, what, expected)
	}
	return fmt.Errorf("%w: it begins with %s, expected one of %s", ErrNotNetwork, beginning(begin), expected)
}

// isPrototxt reports whether a text begins like the description of a network for Caffe.
func isPrototxt(text []byte) bool {
	for _, field := range []string{"name:", "layer {", "layers {", "input:"} {
		if bytes.HasPrefix(text, []byte(field)) {
			return true
		}
	}
	return false
}

// beginsWithName reports whether a file begins with a name, like models of Caffe: the
// first field of the protocol buffer is a text of at least three letters.
func beginsWithName(begin []byte) bool {
	const field, least = caffeName<<3 | wireBytes, 3
	return len(begin) > 2+least && begin[0] == field && int(begin[1]) >= least && isPrintable(begin[2:2+least])
}

// beginning formats the first bytes of a file, as text if they are. They may be the
// error message of a server that was saved instead of a network.
func beginning(begin []byte) string {
	line, _, _ := bytes.Cut(begin, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 || bytes.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf || !unicode.IsPrint(r) && r != '\t' }) {
		return fmt.Sprintf("% x", begin[:min(len(begin), 9)])
	}
	return "the text " + quote(line)
}
