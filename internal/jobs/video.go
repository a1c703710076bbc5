package jobs

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/internal/video"
)

// Extensions of videos, and of pictures that may move.
var (
	videoExtensions  = []string{".avi", ".y4m", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv", ".3gp"}
	movingExtensions = []string{".gif", ".png", ".apng", ".webp"}
)

// isVideo reports whether a file is sent as a video.
func isVideo(ctx context.Context, path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	if !slices.Contains(movingExtensions, ext) {
		return slices.Contains(videoExtensions, ext)
	}
	r, err := video.Open(ctx, path, video.ReadOptions{})
	if err != nil { // a still picture, or what the server says of the file
		return false
	}
	defer r.Close()
	return r.Info().Frames > 1
}

// videoPictures returns the options and the files of a job that paints a video.
func (s *Submission) videoPictures(ctx context.Context, c *client.Client, files []string) (*api.Options, []client.Picture, []float64, error) {
	if _, err := os.Stat(files[0]); err != nil {
		return nil, nil, nil, cli.Unreadable("%s: no such file: expected the name of a photo or a video", files[0])
	}
	options, err := s.options(ctx, c, painter.Work{Content: files[0], Styles: files[1:]})
	if err != nil {
		return nil, nil, nil, err
	}
	if _, sized := s.Recipe.Parameters["size"]; !sized {
		delete(options.Recipe, "size") // which is that of the video
	}
	options.Video = &s.Video
	pictures, scales, err := s.pictures(ctx, painter.Work{Styles: files[1:]})
	sent := append([]client.Picture{{Role: api.VideoRole, Open: client.File(files[0])}}, pictures...)
	return options, sent, scales, err
}

// videoFormats are the formats in which a server sends a painted video.
var videoFormats = map[string]string{".avi": "avi", ".y4m": "y4m", ".mp4": "mp4", ".webp": "webp"}

// videoFormat returns the format of a painted video that the extension of a file names,
// and whether pictures have the extension, too.
func videoFormat(output string) (format string, pictures bool) {
	ext := strings.ToLower(filepath.Ext(output))
	return videoFormats[ext], ext == ".webp"
}

// downloadVideo writes the painted video of a job to w.
func downloadVideo(ctx context.Context, c *client.Client, j *api.Job, format string, w io.Writer) error {
	d, err := c.Video(ctx, j, format)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = io.Copy(w, d)
	return err
}

// savedAs returns what writes a finished job, and the extension of its file where output
// is "".
func savedAs(ctx context.Context, c *client.Client, j *api.Job, output, query string) (write func(io.Writer) error, ext string, err error) {
	format, pictures := videoFormat(output)
	switch {
	case j.Video != nil && output == "":
		format = "avi"
	case j.Video == nil && format != "" && !pictures:
		return nil, "", cli.Misused("--output %s: job %s paints a picture: expected a .png, .jpg or .webp", output, j.ID)
	}
	if j.Video == nil || format == "" {
		return func(w io.Writer) error { return download(ctx, c, j, query, w) }, ".png", nil
	}
	return func(w io.Writer) error { return downloadVideo(ctx, c, j, format, w) }, "." + format, nil
}
