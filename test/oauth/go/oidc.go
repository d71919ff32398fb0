package main

import (
	"context"

	"github.com/coreos/go-oidc/v3/oidc"
)

// verifyAll is go-oidc as an API that verifies tokens by the published keys alone.
func verifyAll(ctx context.Context, in input) (map[string]any, error) {
	issuer, audience := in.Issuer, in.Audience
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: audience})

	// An access token is no ID token, but verified like one.
	verify := func(accessToken string) any {
		token, err := verifier.Verify(ctx, accessToken)
		if err != nil {
			return map[string]string{"raised": err.Error()}
		}
		return token.Subject
	}

	verifyEach := func(tokens map[string]string) map[string]any {
		found := map[string]any{}
		for name, token := range tokens {
			found[name] = verify(token)
		}
		return found
	}
	var metadata map[string]any
	if err := provider.Claims(&metadata); err != nil {
		return nil, err
	}
	return map[string]any{
		"discovered": metadata,
		"verified":   verifyEach(in.OIDC.Good),
		"unverified": verifyEach(in.OIDC.Bad),
	}, nil
}
