// Command oauth runs stock clients against a Signum; it prints what they found as JSON, by library.
// What they are given comes as JSON on standard input, secrets included: an argument would be seen by
// everyone on the machine.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
)

type input struct {
	Issuer       string `json:"issuer"`
	Audience     string `json:"audience"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	OIDC         given  `json:"go-oidc"`
	OAuth2       given  `json:"golang.org/x/oauth2"`
}

// given is what one library gets: tokens of its own, as it uses some of them up.
type given struct {
	Good         map[string]string `json:"good"`
	Bad          map[string]string `json:"bad"`
	RefreshToken string            `json:"refresh_token"`
	Other        string            `json:"another_refresh_token"`
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	verified, err := verifyAll(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	refreshed, err := refreshAll(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	found := map[string]any{"go-oidc": verified, "golang.org/x/oauth2": refreshed}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}
