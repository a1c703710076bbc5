package registry

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// published returns the name of the entry's file at its origin.
func (e Entry) published() string {
	if len(e.URLs) == 0 {
		return ""
	}
	u, err := url.Parse(e.URLs[0])
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

// mirrors returns where to find the entry's file: the paths in mirrors that are
// folders, to be tried first, and then the URLs.
func (s *Store) mirrors(e Entry) (files, urls []string, err error) {
	if s.Mirror == "" {
		return nil, e.URLs, nil
	}
	for mirror := range strings.SplitSeq(s.Mirror, ",") {
		file, url, err := locate(strings.TrimSpace(mirror), e.published())
		switch {
		case err != nil:
			return nil, nil, err
		case file != "":
			files = append(files, file)
		default:
			urls = append(urls, url)
		}
	}
	return files, urls, nil
}

// locate returns the path or the URL of a file in a mirror.
func locate(mirror, name string) (file, address string, err error) {
	if mirror == "" {
		return "", "", fmt.Errorf("%w: an empty name between commas", ErrMirror)
	}
	if !strings.Contains(mirror, "://") {
		return filepath.Join(mirror, name), "", nil
	}
	u, err := url.Parse(mirror)
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrMirror, err)
	}
	switch {
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return "", u.JoinPath(name).String(), nil
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost"):
		folder := u.Path
		if runtime.GOOS == "windows" {
			folder = strings.TrimPrefix(folder, "/") // of /C:/folder
		}
		return filepath.Join(filepath.FromSlash(folder), name), "", nil
	}
	return "", "", fmt.Errorf("%w: %s: expected an http, https or file URL, or a folder", ErrMirror, u.Redacted())
}
