package blob

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// Parse reads the address of a store, such as
//
//	file:///var/lib/pastiche/blobs
//	s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-west-1
//
// and returns either the path for [NewFolder] or what [NewS3] takes. The endpoint,
// the region and the prefix of a bucket may be missing.
func Parse(address string) (folder string, bucket *S3Config, err error) {
	const expected = "expected file:///folder or s3://bucket/prefix?endpoint=https://host&region=name"
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, fmt.Errorf("the address of the pictures is no URL; %s", expected) // its error may quote a password
	}
	if u.User != nil {
		return "", nil, fmt.Errorf("the address of the pictures holds a user or a password: put credentials into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; %s", expected)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", nil, fmt.Errorf("the address of the pictures is %q: %w; %s", address, err, expected)
	}
	for key := range query {
		if u.Scheme != "s3" || key != "endpoint" && key != "region" {
			return "", nil, fmt.Errorf("the address of the pictures is %q, with the parameter %q; %s", address, key, expected)
		}
	}
	switch {
	case u.Scheme == "file" && u.Host == "" && len(u.Path) > 1:
		folder := u.Path
		if filepath.VolumeName(folder[1:]) != "" { // /C:/folder, on Windows
			folder = folder[1:]
		}
		return filepath.FromSlash(folder), nil, nil
	case u.Scheme == "s3" && u.Host != "":
		bucket := &S3Config{
			Endpoint: query.Get("endpoint"), Region: query.Get("region"),
			Bucket: u.Host, Prefix: strings.Trim(u.Path, "/"),
		}
		if bucket.Prefix != "" {
			if err := CheckName(bucket.Prefix); err != nil {
				return "", nil, fmt.Errorf("the address of the pictures is %q; its prefix: %w", address, err)
			}
		}
		return "", bucket, nil
	}
	return "", nil, fmt.Errorf("the address of the pictures is %q; %s", address, expected)
}
