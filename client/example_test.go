package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/pastiche-art/pastiche/api"
	"github.com/pastiche-art/pastiche/client"
)

// newServer returns a server that answers as pastiche does, and paints nothing.
func newServer() *httptest.Server {
	answer := func(body any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)     //nolint:errcheck // the client sees it
			json.NewEncoder(w).Encode(body) //nolint:errcheck // the client sees it
		}
	}
	done := api.Job{ID: "7t5", State: api.Done, Result: &api.Result{
		Width: 512, Height: 384, URL: "/api/v1/jobs/7t5/result",
		SHA256: "7c8c14a4756480af60be5ae46e1e1ea4d467f0ae53a10e6ee436f11c291ca279",
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/session", answer(api.Session{Version: "1.0.0", Token: "token", Limits: api.Limits{Size: 4096, OwnerQueue: 50}}))
	mux.HandleFunc("POST /api/v1/jobs", answer(api.Job{ID: "7t5", State: api.Queued}))
	mux.HandleFunc("POST /api/v1/files", answer(api.File{ID: "f1"}))
	mux.HandleFunc("POST /api/v1/batches", answer(api.BatchAnswer{ID: "b1", Jobs: []api.Job{{ID: "7t5"}, {ID: "7t6"}}}))
	mux.HandleFunc("GET /api/v1/jobs", answer(api.List{Jobs: []api.Job{{ID: "7t5", State: api.Done}, {ID: "7t6", State: api.Running}}}))
	mux.HandleFunc("GET /api/v1/jobs/7t5", answer(done))
	mux.HandleFunc("PATCH /api/v1/jobs/7t5", answer(api.Job{ID: "7t5", Labels: map[string]string{"order": "7"}}))
	mux.HandleFunc("POST /api/v1/jobs/7t5/share", answer(api.Job{ID: "7t5", Share: "/p/7t5.secret"}))
	mux.HandleFunc("DELETE /api/v1/jobs/7t5/share", answer(api.Job{ID: "7t5"}))
	mux.HandleFunc("POST /api/v1/jobs/7t5/cancel", answer(api.Job{ID: "7t5", State: api.Cancelled}))
	mux.HandleFunc("POST /api/v1/jobs/7t5/retry", answer(api.Job{ID: "7t5", State: api.Queued, Waiting: &api.Waiting{Position: 3}}))
	mux.HandleFunc("DELETE /api/v1/jobs/7t5", answer(nil))
	mux.HandleFunc("DELETE /api/v1/files/f1", answer(nil))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /api/v1/jobs/7t5/curve", answer(api.Curve{Samples: []api.Sample{{Step: 1, Total: 900}, {Step: 80, Total: 12}}}))
	mux.HandleFunc("GET /api/v1/jobs/7t5/preview", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		io.WriteString(w, "the JPEG file")
	})
	mux.HandleFunc("GET /api/v1/recipes", answer(api.RecipeList{Recipes: []api.RecipeInfo{{
		Name: "fine", Recipe: api.Recipe{"name": "fine", "size": 512},
		Parameters: []api.Parameter{{Name: "size", Type: "integer", Default: 512}},
	}}}))
	painting := api.Example{Title: "The Starry Night", By: "Vincent van Gogh", URL: "/examples/starry-night.jpg"}
	mux.HandleFunc("GET /api/v1/examples", answer(api.ExampleList{Paintings: []api.Example{painting}, Triples: []api.Triple{{Photo: "castle.jpg"}}}))
	mux.HandleFunc("GET /examples/starry-night.jpg", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "the JPEG file") })
	seconds := 15.0
	mux.HandleFunc("POST /api/v1/estimate", answer(api.Estimates{Sizes: []api.Estimate{
		{Size: 512, Seconds: &seconds, Memory: 219 << 20},
		{Size: 8192, Problem: "Too large for this server.", Most: 4096},
	}}))
	mux.HandleFunc("GET /api/v1/jobs/7t9", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		json.NewEncoder(w).Encode(api.Problem{Code: api.CodeNotFound, Detail: "no such job"}) //nolint:errcheck // the client sees it
	})
	mux.HandleFunc("GET /api/v1/jobs/7t5/result", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "the PNG file")
	})
	mux.HandleFunc("GET /api/v1/jobs/7t5/events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, e := range []client.Event{
			{Name: api.EventJob, Event: api.Event{ID: "7t5", Job: &api.Job{ID: "7t5", State: api.Running}}},
			{Name: api.EventProgress, Event: api.Event{ID: "7t5", Progress: &api.Progress{Step: 40, Steps: 80}}},
			{Name: api.EventJob, Event: api.Event{ID: "7t5", Job: &done}},
		} {
			data, _ := json.Marshal(e.Event)
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.Name, data)
		}
	})
	return httptest.NewServer(mux)
}

func ExampleClient_Submit() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL) // such as 127.0.0.1:8080
	if err != nil {
		fmt.Println(err)
		return
	}
	job, err := c.Submit(ctx, "", api.Submission{
		Options: &api.Options{Recipe: api.Recipe{"name": "fine", "size": 512}},
	},
		client.Picture{Role: api.Content, Open: client.File("../examples/photos/astronaut.jpg")},
		client.Picture{Role: api.Style, Open: client.File("../examples/paintings/starry-night.jpg")})
	if err != nil {
		fmt.Println(err)
		return
	}
	job, err = c.Wait(ctx, job.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	if job.State != api.Done {
		fmt.Println("job", job.ID, job.State, job.Error)
		return
	}
	painting, err := c.Result(ctx, job)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer painting.Close()
	if _, err := io.Copy(os.Stdout, painting); err != nil {
		fmt.Println(err)
		return
	}
	// Output: the PNG file
}

func ExampleClient_Events() {
	server := newServer()
	defer server.Close()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range c.Events(context.Background(), "7t5") {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch event.Name {
		case api.EventJob:
			fmt.Println(event.Job.State)
		case api.EventProgress:
			fmt.Println("step", event.Progress.Step, "of", event.Progress.Steps)
		}
	}
	// Output:
	// running
	// step 40 of 80
	// done
}

func ExampleClient_Batch() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	style, err := c.UploadFile(ctx, client.File("../examples/paintings/starry-night.jpg"))
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, err := c.Batch(ctx, api.Batch{
		Contents: []api.Source{
			{Job: &api.JobSource{ID: "7t3", Role: api.Content}}, // the photos of two jobs
			{Job: &api.JobSource{ID: "7t4", Role: api.Content}},
		},
		Styles: [][]api.Source{{{File: style.ID}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for job, err := range c.Jobs(ctx, client.Query{Label: api.BatchLabel + "=" + batch.ID}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(job.ID, job.State)
	}
	// Output:
	// 7t5 done
	// 7t6 running
}

func ExampleNew() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Key = os.Getenv("PASTICHE_API_KEY")
	c.HTTP = server.Client()      // the default is http.DefaultClient
	c.Patience = 10 * time.Second // the default is 30 seconds
	if err := c.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	session, err := c.Session(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("version", session.Version, "paints up to", session.Limits.Size, "pixels")
	// Output: version 1.0.0 paints up to 4096 pixels
}

func ExampleError() {
	server := newServer()
	defer server.Close()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Get(context.Background(), "7t9")
	var answer *client.Error
	if errors.As(err, &answer) {
		fmt.Println(answer.Code == api.CodeNotFound, answer.RetryAfter)
	}
	var problem *api.Problem // what an Error wraps
	if errors.As(err, &problem) {
		fmt.Println(problem)
	}
	// Output:
	// true 0s
	// no such job
}

func ExampleClient_Estimate() {
	server := newServer()
	defer server.Close()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	estimates, err := c.Estimate(context.Background(), api.EstimateRequest{Width: 4000, Height: 3000, Styles: 1, Sizes: []int{512, 8192}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range estimates.Sizes {
		if e.Problem != "" {
			fmt.Println(e.Size, "pixels:", e.Problem, "At most", e.Most)
			continue
		}
		fmt.Println(e.Size, "pixels:", *e.Seconds, "s,", e.Memory>>20, "MiB")
	}
	// Output:
	// 512 pixels: 15 s, 219 MiB
	// 8192 pixels: Too large for this server. At most 4096
}

func ExampleClient_Recipes() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := c.Recipes(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, recipe := range list.Recipes {
		for _, p := range recipe.Parameters {
			fmt.Println(recipe.Recipe.Name(), p.Name, p.Type, p.Default)
		}
	}
	examples, err := c.Examples(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	picture, err := c.Open(ctx, examples.Paintings[0].URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer picture.Close()
	fmt.Println(examples.Paintings[0].Title, "has", picture.Bytes, "bytes")
	// Output:
	// fine size integer 512
	// The Starry Night has 13 bytes
}

func ExampleClient_Change() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	job, err := c.Change(ctx, "7t5", api.Change{Retention: api.Forever, Labels: map[string]string{"order": "7"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(job.Labels["order"])
	if job, err = c.Share(ctx, "7t5"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the public page is", job.Share)
	if _, err = c.Unshare(ctx, "7t5"); err != nil {
		fmt.Println(err)
		return
	}
	if err := c.Delete(ctx, "7t5"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 7
	// the public page is /p/7t5.secret
}

func ExampleClient_Cancel() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	job, err := c.Cancel(ctx, "7t5")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(job.State, job.State.Final())
	if job, err = c.Retry(ctx, "7t5"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(job.State, "at position", job.Waiting.Position)
	// Output:
	// cancelled true
	// queued at position 3
}

func ExampleClient_Curve() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	preview, err := c.Preview(ctx, "7t5")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer preview.Close()
	fmt.Println(preview.Type)
	curve, err := c.Curve(ctx, "7t5")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, sample := range curve.Samples {
		fmt.Println(sample.Step, sample.Total)
	}
	// Output:
	// image/jpeg
	// 1 900
	// 80 12
}

// A picture is uploaded once for several jobs, with a webhook.
func ExampleClient_UploadFile() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	style, err := c.UploadFile(ctx, client.Bytes([]byte("a picture file in memory")))
	if err != nil {
		fmt.Println(err)
		return
	}
	job, err := c.Submit(ctx, "order-7", api.Submission{
		Content:   &api.Source{Job: &api.JobSource{ID: "7t3", Role: api.Painting}}, // the painting of another job
		Styles:    []api.Source{{File: style.ID}},
		Options:   &api.Options{Seed: api.MaxSeed},
		Look:      true, // at most api.LookSize pixels long
		Webhook:   &api.Webhook{URL: "https://app.example/hook", Events: []api.State{api.Done, api.Failed}},
		Retention: "48h",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(job.State, "at most", api.LookSize, "pixels")
	if err := c.DeleteFile(ctx, style.ID); err != nil {
		fmt.Println(err)
	}
	// Output: queued at most 160 pixels
}
