package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Large networks are published as several safetensors files, called shards, and an
// index (model.safetensors.index.json), which maps every tensor to its shard:
//
//	{"metadata": {"total_size": 80000000},
//	 "weight_map": {"features.0.weight": "model-00001-of-00002.safetensors"}}
const (
	maxIndex  = 1 << 20 // bytes; a VGG's has some 4000
	maxShards = 64
)

// isIndex distinguishes JSON from safetensors, which begins with a length.
func isIndex(begin []byte) bool {
	return len(begin) > lengthSize && begin[0] == '{' && !slices.Contains(begin[:lengthSize], 0)
}

// readIndex reads the network whose index is in r. The shards are files in dir, the
// folder of the index. It refuses an index that names other files.
func readIndex(r io.ReaderAt, size int64, dir string, override Override) (*Network, error) {
	names, err := shardNames(r, size)
	if err != nil {
		return nil, err
	}
	given, err := newLayerNames(override.Layers)
	if err != nil {
		return nil, err
	}
	l := listing{layout: layout{given: given}}
	total := int64(0)
	for _, name := range names {
		// Links are followed: the index did not create them, and download tools store
		// the files elsewhere.
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%w: the index names the shard %s, which is not beside it", ErrMalformed, quote([]byte(name)))
		case err != nil:
			return nil, fmt.Errorf("opening a shard: %w", err)
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%w: the shard %s is not a regular file", ErrNotNetwork, quote([]byte(name)))
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("opening a shard: %w", err)
		}
		defer f.Close()
		begin := make([]byte, min(info.Size(), sniffLength))
		if err := readAt(f, begin, 0); err != nil {
			return nil, err
		}
		if !isSafetensors(begin) {
			return nil, fmt.Errorf("%w: the shard %s is not a safetensors file", ErrNotNetwork, quote([]byte(name)))
		}
		if err := l.addSafetensors(f, info.Size()); err != nil {
			return nil, fmt.Errorf("the shard %s: %w", quote([]byte(name)), err)
		}
		total += info.Size()
	}
	return l.network(total, override)
}

// shardNames returns the distinct names of the files in the index.
func shardNames(r io.ReaderAt, size int64) ([]string, error) {
	if size > maxIndex {
		return nil, fmt.Errorf("%w: the index has %d bytes, expected at most %d", ErrMalformed, size, maxIndex)
	}
	text := make([]byte, size)
	if err := readAt(r, text, 0); err != nil {
		return nil, err
	}
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("%w: it begins like the index of shards, but: %w", ErrMalformed, err)
	}
	var names []string
	for _, name := range index.Map {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if len(names) > maxShards {
			return nil, fmt.Errorf("%w: the index names more than %d files", ErrMalformed, maxShards)
		}
		if !isBeside(name) {
			return nil, fmt.Errorf("%w: the index names the file %s, expected one beside it", ErrMalformed, quote([]byte(name)))
		}
	}
	if names == nil {
		return nil, fmt.Errorf("%w: it is JSON, but has no weight_map as the index of shards has", ErrNotNetwork)
	}
	slices.Sort(names)
	return names, nil
}
