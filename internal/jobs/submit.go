// Package jobs is what the commands about jobs of a server do: it sends files as jobs,
// waits for paintings and saves them, and prints jobs for a person or a script.
//
//	[Submission] -> client -> server -> client -> [Wait], [List], [Print]
package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
	"github.com/pastiche-art/pastiche/internal/cli"
	"github.com/pastiche-art/pastiche/internal/job"
	"github.com/pastiche-art/pastiche/internal/painter"
	"github.com/pastiche-art/pastiche/paint"
	"github.com/pastiche-art/pastiche/picture"
)

// A Submission submits paintings to a server. Of the painter it uses the recipe, the
// styles, the masks and the inputs.
type Submission struct {
	*painter.Painter
	IdempotencyKey string            // "" is none
	Retention      string            // "" is that of the server
	Labels         map[string]string // the job gets a NameLabel besides, where it has none
	Video          api.VideoOptions  // of a content that is a video
}

// Submit submits a job whose pictures are files: a content, which may be a video, and
// styles, or with a Shape the styles of a texture. Files are sent unchanged.
func (s *Submission) Submit(ctx context.Context, c *client.Client, files []string) (*api.Job, error) {
	w := painter.Work{Styles: files}
	if s.Shape == nil {
		w = painter.Work{Content: files[0], Styles: files[1:]}
	}
	var options *api.Options
	var pictures []client.Picture
	var scales []float64
	var err error
	if s.Shape == nil && isVideo(ctx, files[0]) {
		options, pictures, scales, err = s.videoPictures(ctx, c, files)
	} else if options, err = s.options(ctx, c, w); err == nil {
		pictures, scales, err = s.pictures(ctx, w)
	}
	if err != nil {
		return nil, err
	}
	if s.StyleScales != nil {
		options.StyleScales = scales
	}
	submission := api.Submission{Options: options, Labels: named(s.Labels, files[0]), Retention: s.Retention}
	j, err := c.Submit(ctx, s.IdempotencyKey, submission, pictures...)
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%w; the server may have accepted the job: 'pastiche jobs list' lists it", cli.ErrInterrupted)
	}
	return j, err
}

// The limits of labels that a server accepts.
const (
	maxLabels     = 16
	maxLabelRunes = 63
)

// named returns labels with a NameLabel: that of the labels, or else the name of the file
// of the first picture.
func named(labels map[string]string, path string) map[string]string {
	name := []rune(strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))))
	if _, given := labels[NameLabel]; given || len(labels) == maxLabels || len(name) == 0 || path == cli.StandardInput {
		return labels
	}
	all := map[string]string{NameLabel: string(name[:min(len(name), maxLabelRunes)])}
	maps.Copy(all, labels)
	return all
}

// options returns the options of the job. A recipe that this program does not know is a
// preset of the server.
func (s *Submission) options(ctx context.Context, c *client.Client, w painter.Work) (*api.Options, error) {
	if !painter.IsRecipeFile(s.Recipe.Name) && !slices.Contains(paint.RecipeNames(), s.Recipe.Name) {
		var err error
		if s.Recipe.Base, err = preset(ctx, c, s.Recipe); err != nil {
			return nil, painter.InFlags(err)
		}
	}
	options := &api.Options{StyleWeights: s.StyleBlend, Seed: s.Seed, Strength: (*float64)(s.Recipe.Strength)}
	if s.Shape != nil {
		options.Shape = []int{s.Shape.X, s.Shape.Y}
	}
	recipe, err := s.ChosenRecipe(w)
	options.Recipe = job.RecipeOf(&recipe)
	return options, err
}

// preset returns the chosen preset of the server with its strength, or nil where there is
// none.
func preset(ctx context.Context, c *client.Client, chosen painter.RecipeChoice) (*paint.Recipe, error) {
	list, err := c.Recipes(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list.Recipes, func(r api.RecipeInfo) bool { return r.Name == chosen.Name })
	if i < 0 {
		return nil, nil
	}
	data, err := json.Marshal(list.Recipes[i].Recipe)
	if err != nil {
		return nil, err
	}
	strength := paint.Balanced
	if chosen.Strength != nil {
		strength = *chosen.Strength
	}
	recipe, err := paint.ParseRecipe(data, strength)
	return &recipe, err
}

// pictures returns the pictures to send, and the scale of each style among them. The
// regions of label pictures are sent as PNG files. A style that several masks share is
// sent once for each, because the server pairs masks and styles by their numbers.
func (s *Submission) pictures(ctx context.Context, w painter.Work) (sent []client.Picture, scales []float64, err error) {
	send := func(role api.Role, p image.Image) {
		if p == nil || err != nil {
			return
		}
		file := s.Inputs.File(p)
		if file == nil {
			var b bytes.Buffer
			err = picture.Encode(&b, picture.FromImage(p), picture.PNG, picture.SaveOptions{})
			file = b.Bytes()
		}
		sent = append(sent, client.Picture{Role: role, Open: client.Bytes(file)})
	}
	for role, path := range map[api.Role]string{api.Content: w.Content, api.Init: s.Init} {
		if path != "" {
			p, err := s.Inputs.Open(ctx, path)
			if err != nil {
				return nil, nil, err
			}
			send(role, p)
		}
	}
	regions, err := s.OpenRegions(ctx, w.Styles)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range regions {
		role := api.Mask
		if len(r.Styles) == 0 {
			role = api.Keep
		}
		send(role, r.Mask)
		for _, style := range r.Styles {
			send(api.Style, style.Picture)
			send(api.StyleMask, style.Mask)
			scales = append(scales, style.Scale)
		}
	}
	return sent, scales, err
}
