// Package api holds the types of the HTTP API: what a client sends to a pastiche
// server and what the server answers.
//
// The package imports nothing but the standard library, so that a client links
// neither the server nor the engine. Go programs use it through the package
// client. The OpenAPI document at /api/v1/openapi.json is made from these types,
// and their struct tags are its descriptions.
//
// Times are in UTC. Paths and URLs in answers are relative to the server.
package api
