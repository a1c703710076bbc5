package batch

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// finder finds the pictures that names mean, as [Options] says.
type finder struct {
	folder  string // for paintings
	leftOut []Unreadable
}

// find returns the pictures that a word means, in the order of their names.
func (f *finder) find(word string) ([]string, error) {
	info, err := os.Stat(word)
	var found []string
	switch {
	case err == nil && !info.IsDir():
		return []string{word}, nil
	case err == nil:
		found, err = f.match([]string{word}, "*")
	case !errors.Is(err, os.ErrNotExist) && !hasMeta(word):
		return nil, notFound{err}
	default:
		found, err = f.expand(word)
	}
	if err != nil {
		return nil, err
	}
	files, leftOut := choose(found)
	if len(files) == 0 {
		return nil, notFound{fmt.Errorf("%s: %s", word, nothingFound(word, info != nil, found, leftOut))}
	}
	for _, file := range leftOut {
		if !slices.Contains(f.leftOut, file) {
			f.leftOut = append(f.leftOut, file)
		}
	}
	return files, nil
}

// nothingFound returns why a word, which may name a folder, means no pictures.
func nothingFound(word string, folder bool, found []string, leftOut []Unreadable) string {
	switch {
	case len(leftOut) > 0:
		return "no pictures that pastiche can read: " + Describe(leftOut)
	case folder:
		return "no pictures in this folder"
	case len(found) > 0:
		return "no pictures match this pattern"
	case strings.Contains(word, "["):
		return "no such file, folder or pattern; [ and ] are part of a pattern: write [[] for a [ in a name"
	}
	return "no such file, folder or pattern"
}

// Describe returns a sentence that names unreadable files, up to ten of them, with
// their formats.
func Describe(files []Unreadable) string {
	const most = 10
	var names []string
	for _, f := range files[:min(len(files), most)] {
		names = append(names, fmt.Sprintf("%s (%s)", filepath.Base(f.Path), f.Format))
	}
	if more := len(files) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	if len(files) == 1 {
		return "1 file left out: " + names[0]
	}
	return fmt.Sprintf("%d files left out: %s", len(files), strings.Join(names, ", "))
}

// expand returns the names that match a pattern, in order. Its last part, after the
// last separator, is matched in the folder before that: one that exists is taken
// literally, even where its name has characters of patterns; otherwise that name
// is a pattern itself.
func (f *finder) expand(pattern string) ([]string, error) {
	folder, last := filepath.Split(pattern)
	if folder == "" || isFolder(folder) {
		return f.match([]string{folder}, last)
	}
	parent := strings.TrimRight(folder, separators)
	if parent == "" || parent == pattern {
		return nil, nil
	}
	folders, err := f.expand(parent)
	if err != nil {
		return nil, err
	}
	folders = slices.DeleteFunc(folders, func(name string) bool { return !isFolder(name) || f.isOutput(name) })
	return f.match(folders, last)
}

// match returns the names in folders that match a pattern without separators.
func (f *finder) match(folders []string, pattern string) ([]string, error) {
	if _, err := filepath.Match(pattern, ""); err != nil && hasMeta(pattern) {
		return nil, fmt.Errorf("%s: a [ begins a choice of characters that does not end: write [[] for a [ in a name", pattern)
	}
	var names []string
	for _, folder := range folders {
		if !hasMeta(pattern) {
			name := filepath.Join(folder, pattern)
			if _, err := os.Lstat(name); err == nil {
				names = append(names, name)
			}
			continue
		}
		if f.isOutput(cmp.Or(folder, ".")) {
			return nil, &paint.OptionError{Option: "Folder", Reason: f.folder + " is a folder of inputs, and its paintings would be painted again: choose another folder"}
		}
		entries, err := os.ReadDir(cmp.Or(folder, "."))
		if err != nil {
			return nil, notFound{err}
		}
		for _, e := range entries {
			if isHidden(e.Name()) && !isHidden(pattern) {
				continue
			}
			if ok, _ := filepath.Match(pattern, e.Name()); ok { // the pattern is sound
				names = append(names, filepath.Join(folder, e.Name()))
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// separators are the characters between the parts of a path.
var separators = `/` + string(filepath.Separator)

func isHidden(name string) bool { return strings.HasPrefix(name, ".") }

func hasMeta(pattern string) bool { return strings.ContainsAny(pattern, `*?[`) }

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isOutput reports whether a folder is that for paintings, by whatever name.
func (f *finder) isOutput(folder string) bool {
	out, err := os.Stat(f.folder)
	if err != nil {
		return false // it is yet to be made
	}
	info, err := os.Stat(folder)
	return err == nil && os.SameFile(info, out)
}

// choose returns the pictures among the files of folders, and those that are left
// out because pastiche cannot read their format. Other files are neither, and
// neither are folders.
func choose(names []string) (files []string, leftOut []Unreadable) {
	for _, name := range names {
		format, err := sniff(name)
		ext := strings.ToLower(filepath.Ext(name))
		switch {
		case errors.Is(err, errNotFile):
		case err == nil && format == picture.TIFF && slices.Contains(rawExtensions, ext):
			// Most raw files are TIFFs of which only a thumbnail could be read.
			leftOut = append(leftOut, Unreadable{name, "a raw photograph"})
		case err == nil && !format.Readable() && format.Picture():
			leftOut = append(leftOut, Unreadable{name, format})
		case err == nil && format.Readable(), slices.Contains(pictureExtensions, ext):
			files = append(files, name) // or a damaged one, which fails when it is read
		}
	}
	return files, leftOut
}

// errNotFile is the error of sniff for what is not a file.
var errNotFile = errors.New("not a file")

// sniff returns the format of a file by its first bytes.
func sniff(name string) (picture.Format, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errNotFile
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return picture.Sniff(f)
}

// The extensions of pictures, in lower case. They decide where the first bytes do
// not, and are no part of the name that a painting is called after.
var (
	pictureExtensions = []string{
		".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jif", ".jfif", ".pjpeg", ".pjp",
		".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib",
	}
	rawExtensions = []string{
		".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef", ".mos",
		".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
	}
	otherExtensions = []string{".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".psd"}
)

// Stem returns the name of a picture without its folder and its extension. What
// follows the last dot of "photo.jpg_original" or "day 1.5" is no extension.
func Stem(path string) string {
	name := filepath.Base(path)
	ext := filepath.Ext(name)
	for _, known := range [][]string{pictureExtensions, rawExtensions, otherExtensions} {
		if slices.Contains(known, strings.ToLower(ext)) {
			return strings.TrimSuffix(name, ext)
		}
	}
	return name
}
