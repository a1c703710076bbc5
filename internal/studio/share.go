package studio

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/internal/blob"
	"github.com/pastiche-art/pastiche/internal/job"
)

//go:embed shared.html
var sharedHTML string

//go:embed shared.css
var sharedCSS []byte

var sharedTemplate = template.Must(template.New("shared").Funcs(template.FuncMap{
	"add": func(a, b int) int { return a + b },
}).Parse(sharedHTML))

const (
	// sharedWidth is the greatest width, in pixels, of the copy that the page shows.
	sharedWidth = 1200
	// maxEnlarged is how many times as large as it is the page shows a small painting.
	maxEnlarged = 2
	// sharedPictures is the Cache-Control of a shared painting's pictures. When sharing
	// ends, a browser may still show its own copies for a minute.
	sharedPictures = "private, max-age=60"
)

// ownerTag is the number of bytes at the end of a share's secret that identify the owner.
const ownerTag = 5

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newShareSecret returns a secret for the address of a shared painting of an owner:
// 130 random bits, and a tag from which the server finds the owner, and others learn
// nothing of the owner's name.
func newShareSecret(owner string) string {
	random := strings.ToLower(rand.Text())
	return random + shareTag(random, owner)
}

func shareTag(random, owner string) string {
	mac := hmac.New(sha256.New, []byte(random))
	mac.Write([]byte(owner))
	return lowerBase32.EncodeToString(mac.Sum(nil)[:ownerTag])
}

// shareOwners returns the owners that a share's secret may belong to, usually one.
func (s *server) shareOwners(secret string) (owners []string) {
	at := len(secret) - lowerBase32.EncodedLen(ownerTag)
	if at <= 0 {
		return nil
	}
	all := []string{""}
	if s.Keys != nil {
		all = s.Keys.names()
	}
	for _, owner := range all {
		if equal(secret[at:], shareTag(secret[:at], owner)) {
			owners = append(owners, owner)
		}
	}
	return owners
}

// shared returns the job of a shared painting by ID.SECRET. The error is
// [job.ErrNotFound] where there is none, or one of [job.Service.Get].
func (s *server) shared(ctx context.Context, name string) (*job.Record, error) {
	id, secret, _ := strings.Cut(name, ".")
	for _, owner := range s.shareOwners(secret) {
		r, err := s.Jobs.Get(ctx, owner, id)
		if errors.Is(err, job.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if r.Share != "" && r.Result != nil && equal(r.Share, secret) {
			return r, nil
		}
	}
	return nil, job.ErrNotFound
}

// sharedPaintings serves pages of shared paintings, and their pictures, to everybody
// who has their address.
func (s *server) sharedPaintings(mux *http.ServeMux) {
	handle := func(pattern string, answer func(w http.ResponseWriter, r *http.Request, shared *job.Record)) {
		mux.HandleFunc("GET "+job.ShareBase+pattern, func(w http.ResponseWriter, r *http.Request) {
			if !s.pace(w, "shared "+s.addressOf(r)) {
				return
			}
			w.Header().Set("X-Robots-Tag", "noindex")
			shared, err := s.shared(r.Context(), r.PathValue("name"))
			switch {
			case errors.Is(err, job.ErrNotFound):
				notShared(w)
			case err != nil:
				answerProblem(w, s.fail(err))
			default:
				answer(w, r, shared)
			}
		})
	}
	handle("{name}", s.sharedPage)
	handle("{name}/{file...}", func(w http.ResponseWriter, r *http.Request, shared *job.Record) {
		f, found := s.sharedPicture(shared, r.PathValue("file"))
		if !found {
			notShared(w)
			return
		}
		f.cache = sharedPictures
		s.sendFile(w, r, f)
	})
	mux.HandleFunc("GET "+job.ShareBase, func(w http.ResponseWriter, _ *http.Request) { notShared(w) })
	mux.HandleFunc("GET "+job.ShareBase+"page.css", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256(sharedCSS)
		s.sendFile(w, r, fileAnswer{
			kind: "text/css; charset=utf-8", etag: lowerBase32.EncodeToString(sum[:ownerTag]), cache: "no-cache",
			open: func(context.Context) (fileContent, error) { return inMemory(sharedCSS, nil) },
		})
	})
}

// sharedPicture returns a picture of a shared painting by its path below the page.
// There are few, so that clients cannot make the server convert many.
func (s *server) sharedPicture(r *job.Record, path string) (f fileAnswer, found bool) {
	role, number := api.Content, 0
	switch path {
	case "painting.jpg":
		return s.painting(r, "jpeg", 0), true
	case "painting.png":
		return s.painting(r, "png", 0), true
	case "shown.jpg":
		return s.painting(r, "jpeg", sharedWidth), true
	case "photo.jpg":
	default:
		text, isStyle := strings.CutPrefix(path, "style/")
		text, isJPEG := strings.CutSuffix(text, ".jpg")
		n, err := strconv.Atoi(text)
		if !isStyle || !isJPEG || err != nil {
			return fileAnswer{}, false
		}
		role, number = api.Style, n
	}
	input, err := r.Input(role, number)
	if err != nil || input.Thumb == "" {
		return fileAnswer{}, false
	}
	return s.storedFile(r, input.Thumb, mimeJPEG, blob.Info{}), true
}

// sharedPainting is what the page of a painting shows.
type sharedPainting struct {
	Title, Photo, Style string // Photo and Style are "" where they have no name
	Base, Origin        string // path of the page, and URL of the server
	File                string // name of a download, without its suffix
	Width, Height       int    // of the painting, in pixels
	ShownWidth          int    // of the copy that the page shows
	ShownHeight         int
	MostWidth           int // as wide as the page shows the painting, in CSS pixels
	HasPhoto            bool
	Styles              []int // numbers of the styles
}

func (s *server) sharedPage(w http.ResponseWriter, r *http.Request, shared *job.Record) {
	p := sharedPainting{
		Title: titleOf(shared.Labels), Photo: shared.Labels[labelPhoto], Style: shared.Labels[labelStyle],
		Base: r.URL.Path, Origin: originOf(r), Width: shared.Result.Width, Height: shared.Result.Height,
	}
	p.File = fileName(p.Title, "")
	p.ShownWidth = min(sharedWidth, p.Width)
	p.ShownHeight = max(1, (p.Height*p.ShownWidth+p.Width/2)/p.Width)
	p.MostWidth = maxEnlarged * p.Width
	for _, in := range shared.Inputs {
		switch in.Role {
		case api.Content:
			p.HasPhoto = true
		case api.Style:
			p.Styles = append(p.Styles, in.Number)
		}
	}
	answerShared(w, http.StatusOK, &p)
}

// notShared answers that there is no painting at an address.
func notShared(w http.ResponseWriter) { answerShared(w, http.StatusNotFound, nil) }

func answerShared(w http.ResponseWriter, status int, p *sharedPainting) {
	var page bytes.Buffer
	if err := sharedTemplate.Execute(&page, p); err != nil {
		panic(err) // of a template that does not fit
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	w.Write(page.Bytes()) //nolint:errcheck // the client may have disconnected
}

// originOf returns the URL of the server as the client calls it, without a path.
func originOf(r *http.Request) string {
	scheme := "http"
	if overTLS(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// The labels by which the page names a painting.
const (
	labelTitle = "title"
	labelPhoto = "photo"
	labelStyle = "style"
)

// titleOf returns what a painting is called. The page's lib/title.ts does the same.
func titleOf(labels map[string]string) string {
	title, photo, style := labels[labelTitle], labels[labelPhoto], labels[labelStyle]
	switch {
	case title != "":
		return title
	case photo != "" && style != "":
		return fmt.Sprintf("%s, after %s", photo, style)
	case photo != "":
		return photo
	case style != "":
		return "After " + style
	}
	return "Painting"
}
