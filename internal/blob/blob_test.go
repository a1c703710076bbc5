package blob_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pastiche-art/pastiche/internal/blob"
)

func TestParse(t *testing.T) {
	for address, want := range map[string]struct {
		folder string
		bucket *blob.S3Config
	}{
		"file:///var/lib/x": {folder: filepath.FromSlash("/var/lib/x")},
		"s3://pictures":     {bucket: &blob.S3Config{Bucket: "pictures"}},
		"s3://pictures/a/b/?endpoint=http://localhost:9000&region=eu-west-1": {bucket: &blob.S3Config{
			Bucket: "pictures", Prefix: "a/b", Endpoint: "http://localhost:9000", Region: "eu-west-1",
		}},
	} {
		folder, bucket, err := blob.Parse(address)
		if err != nil || folder != want.folder || !reflect.DeepEqual(bucket, want.bucket) {
			t.Errorf("%s: %q, %+v, %v; want %+v", address, folder, bucket, err, want)
		}
	}
	for _, address := range []string{
		"", "/var/lib/x", "file://host/x", "file:///", "file:///x?region=a", "s3://", "s3:///a", "s3://b?regio=a", "s3://b/A",
		"s3://b/../c", "https://b", "s3://key:secret@b", "s3://key:se%zzcret@b", "s3://b?endpoint=%zz",
	} {
		folder, bucket, err := blob.Parse(address)
		if err == nil {
			t.Errorf("%s: %q, %+v; want an error", address, folder, bucket)
		} else if !strings.Contains(err.Error(), "expected") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
