package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

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
	mux.HandleFunc("GET /api/v1/session", answer(api.Session{Token: "token"}))
	mux.HandleFunc("POST /api/v1/jobs", answer(api.Job{ID: "7t5", State: api.Queued}))
	mux.HandleFunc("POST /api/v1/files", answer(api.File{ID: "f1"}))
	mux.HandleFunc("POST /api/v1/batches", answer(api.BatchAnswer{ID: "b1", Jobs: []api.Job{{ID: "7t5"}, {ID: "7t6"}}}))
	mux.HandleFunc("GET /api/v1/jobs", answer(api.List{Jobs: []api.Job{{ID: "7t5", State: api.Done}, {ID: "7t6", State: api.Running}}}))
	mux.HandleFunc("GET /api/v1/jobs/7t5", answer(done))
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
