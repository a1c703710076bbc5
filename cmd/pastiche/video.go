package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/internal/video"
	"github.com/pastiche-art/pastiche/internal/videostyle"
	"github.com/pastiche-art/pastiche/picture"
)

func newVideoCommand() *cobra.Command {
	var (
		opts paintOptions
		v    painter.Video
	)
	cmd := &cobra.Command{
		Use:   "video VIDEO STYLE...",
		Short: "Paint a video that holds still",
		Long: `Paint each frame of VIDEO in the manner of one or more pictures STYLE, so that what
moves carries its strokes with it, and what does not move stays as it is.

Videos: animated GIF, PNG and WebP, Motion JPEG (.avi), YUV4MPEG2 (.y4m), numbered pictures
such as frames/%04d.png or a folder of them, and - for YUV4MPEG2 on standard input. Where
FFmpeg is installed, every video that it reads, such as .mp4, .mov, .mkv and .webm.

Output: .avi, .y4m, .png and .webp (animated), numbered pictures such as out/%06d.png, or -
for YUV4MPEG2 on standard output; with FFmpeg also .mp4, .mov, .mkv and .webm, with the
sound of VIDEO. The number of frames and their rate are those of VIDEO. Numbered pictures
have the numbers of their frames.

Interruption: each frame is kept in a folder beside the output, its name with .frames, or
in that of --state. After Ctrl-C, a crash or a power failure the same command goes on from
there, to the same video. Ctrl-C also writes the video of the frames that are done. At the
end the folder is removed, unless --state names it.

Masks: --mask and --keep may be numbered pictures such as masks/%04d.png, one for each
frame with its number: counted from 1, or those of VIDEO if it is numbered pictures.

` + strengthHelp + `

` + painter.VideoEventsHelp,
		Example: `  pastiche video clip.mp4 painting.jpg -o painted.mp4
  pastiche video clip.gif painting.jpg -o painted.webp --loop
  pastiche video frames/%04d.png painting.jpg -o painted/%04d.png
  pastiche video clip.mp4 painting.jpg -o look.avi --frames 100:125 --size 320
  ffmpeg -i clip.mp4 -f yuv4mpegpipe - | pastiche video - painting.jpg -o painted.avi`,
		Args: cli.Args(2, -1, "a video and at least one style picture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v.Path, v.Styles = args[0], args[1:]
			return opts.PaintVideo(cmd.Context(), v)
		},
	}
	opts.Software, opts.ExitCode = "pastiche "+moduleVersion(), exitCode
	flags := cmd.Flags()
	flags.StringVarP(&opts.Output, "output", "o", "", "`FILE` of the painted video, or a pattern for numbered pictures; - is standard output, as YUV4MPEG2")
	cli.Section(cmd, "Everyday", "output")
	cli.Everyday(cmd, "output")
	addRecipe(cmd, &opts.Recipe)
	addStrength(cmd, &opts.Recipe)
	everydayFlags(cmd, &opts.Recipe, "size", "iterations", "content_weight", "style_scale", "colors", "faces")
	flags.Lookup("size").Usage = fmt.Sprintf("long side of the painted video in pixels; more shows finer strokes and takes longer (default its own, at most %d)", painter.VideoSize)
	cli.Var(flags, &v.Frames, "frames", "`FIRST:LAST`, the frames to paint, counted from 1 (default all)", painter.ParseFrameRange, painter.FrameRange.String)
	flags.Float64Var(&v.Temporal, "temporal", videostyle.DefaultTemporal, "weight of how near a frame stays to those before it; more holds stiller, less paints livelier, 0 paints each frame by itself")
	flags.IntVar(&v.Iterations, "frame-iterations", videostyle.DefaultIterations, "`N` iterations of each frame after the first of a shot; more takes longer, and follows changes better")
	flags.BoolVar(&v.Loop, "loop", false, "let the last frames lead to the first one, for a video that is played again and again")
	cli.Section(cmd, "Video", "frames", "temporal", "frame-iterations", "loop")
	cli.Everyday(cmd, "frames", "temporal", "loop")
	cli.Var(flags, &v.Rate, "rate", "frames a second of numbered pictures, such as 24 or 30000/1001 (default 25)", video.ParseRational, rateText)
	flags.BoolVar(&v.NoSound, "no-sound", false, "leave the sound of the video out")
	flags.StringVar(&v.State, "state", "", "`FOLDER` that keeps what is painted; it is not removed at the end")
	addOptionalInt(cmd, &opts.Quality, "quality", picture.DefaultQuality, "`N`, the quality of JPEG frames, 1 to 100; more is larger and closer to the painting")
	cli.Section(cmd, "Video", "rate", "no-sound", "state", "quality")
	flags.StringArrayVar(&opts.Masks, "mask", nil, "`FILE` of a mask, or a pattern with one for each frame: white where a style paints; repeatable; the rest stays as it is")
	flags.StringVar(&opts.Keep, "keep", "", "`FILE` of a mask, or a pattern: white where the video stays as it is")
	cli.Section(cmd, "Styles and masks", "mask", "keep")
	opts.addStyles(cmd)
	opts.addSeed(cmd)
	flags.BoolVarP(&opts.Quiet, "quiet", "q", false, "report nothing but errors")
	flags.BoolVar(&opts.JSON, "json", false, "report to a program: one event a line on standard output")
	cli.Section(cmd, "Progress", "quiet", "json")
	addEngine(cmd, &opts.Engine, &opts.Inputs)
	return cmd
}

// rateText returns a rate as a flag has it, or "" for none.
func rateText(r video.Rational) string {
	if r == (video.Rational{}) {
		return ""
	}
	return r.String()
}
