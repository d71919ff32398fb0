package main

import (
	"context"
	"errors"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// refreshAll is x/oauth2 as an app that holds tokens, without a secret and with one.
func refreshAll(ctx context.Context, in input) (map[string]any, error) {
	provider, err := oidc.NewProvider(ctx, in.Issuer)
	if err != nil {
		return nil, err
	}
	app := oauth2.Config{ClientID: "app", Endpoint: provider.Endpoint()}
	refresh := func(config oauth2.Config, refreshToken string) (*oauth2.Token, error) {
		// What has no expiry is taken for expired: the first call refreshes.
		source := config.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken})
		return source.Token()
	}
	errorOf := func(config oauth2.Config, refreshToken string) any {
		token, err := refresh(config, refreshToken)
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			return refused.ErrorCode
		}
		return token
	}

	first := in.OAuth2.RefreshToken
	second, err := refresh(app, first)
	if err != nil {
		return nil, err
	}
	again, err := refresh(app, first)
	if err != nil {
		return nil, err
	}
	third, err := refresh(app, second.RefreshToken)
	if err != nil {
		return nil, err
	}
	different := map[string]bool{first: true, second.RefreshToken: true, third.RefreshToken: true}

	// With a secret, by each way of showing it, and with a wrong one.
	other := in.OAuth2.Other
	byStyle := map[string]bool{}
	api := oauth2.Config{ClientID: in.ClientID, ClientSecret: in.ClientSecret, Endpoint: app.Endpoint}
	styles := map[string]oauth2.AuthStyle{
		"client_secret_basic": oauth2.AuthStyleInHeader,
		"client_secret_post":  oauth2.AuthStyleInParams,
	}
	for name, style := range styles {
		api.Endpoint.AuthStyle = style
		token, err := refresh(api, other)
		if err != nil {
			return nil, err
		}
		other = token.RefreshToken
		byStyle[name] = token.Valid()
	}
	impostor := api
	impostor.ClientSecret += "x"

	return map[string]any{
		"refreshed": map[string]any{
			"first": map[string]any{
				"access_token":  second.AccessToken,
				"token_type":    second.TokenType,
				"expires_in":    second.ExpiresIn,
				"refresh_token": second.RefreshToken,
				"scope":         second.Extra("scope"),
			},
			"answered_again": again.RefreshToken != first,
			"rotated":        len(different) == 3,
		},
		"reused":         []any{errorOf(app, first), errorOf(app, third.RefreshToken)},
		"garbage":        errorOf(app, "garbage"),
		"refreshed_by":   byStyle,
		"refused_client": errorOf(impostor, other),
	}, nil
}
