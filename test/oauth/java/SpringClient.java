import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.security.oauth2.client.endpoint.OAuth2RefreshTokenGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientRefreshTokenTokenResponseClient;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrations;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.core.OAuth2AuthorizationException;
import org.springframework.security.oauth2.core.OAuth2RefreshToken;
import org.springframework.security.oauth2.core.endpoint.OAuth2AccessTokenResponse;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;
import org.springframework.security.oauth2.server.resource.introspection.SpringOpaqueTokenIntrospector;

/** Spring Security as an API that is given tokens, and as an app that holds them. */
class SpringClient {
    /** An app that holds tokens. */
    private static Map<String, Object> refreshAll(String issuer, String first) {
        ClientRegistration app =
                ClientRegistrations.fromIssuerLocation(issuer)
                        .clientId("app")
                        .clientAuthenticationMethod(ClientAuthenticationMethod.NONE)
                        .authorizationGrantType(AuthorizationGrantType.REFRESH_TOKEN)
                        .build();

        OAuth2AccessTokenResponse second = refresh(app, first);
        OAuth2AccessTokenResponse again = refresh(app, first);
        OAuth2AccessTokenResponse third = refresh(app, second.getRefreshToken().getTokenValue());
        Set<String> different =
                Set.of(
                        first,
                        second.getRefreshToken().getTokenValue(),
                        third.getRefreshToken().getTokenValue());
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("discovered", app.getProviderDetails().getConfigurationMetadata());
        found.put(
                "refreshed",
                Map.of(
                        "first",
                        Map.of(
                                "access_token", second.getAccessToken().getTokenValue(),
                                "token_type", second.getAccessToken().getTokenType().getValue(),
                                "expires_in",
                                Duration.between(
                                                second.getAccessToken().getIssuedAt(),
                                                second.getAccessToken().getExpiresAt())
                                        .toSeconds(),
                                "refresh_token", second.getRefreshToken().getTokenValue(),
                                "scope",
                                String.join(
                                        " ", new TreeSet<>(second.getAccessToken().getScopes()))),
                        "answered_again", !again.getRefreshToken().getTokenValue().equals(first),
                        "rotated", different.size() == 3));
        found.put(
                "reused",
                List.of(
                        errorOf(app, first),
                        errorOf(app, third.getRefreshToken().getTokenValue())));
        found.put("garbage", errorOf(app, "garbage"));
        return found;
    }

    private static OAuth2AccessTokenResponse refresh(ClientRegistration app, String refreshToken) {
        Instant now = Instant.now();
        OAuth2AccessToken usedUp =
                new OAuth2AccessToken(
                        OAuth2AccessToken.TokenType.BEARER, "used-up", now, now.plusSeconds(1));

        OAuth2RefreshTokenGrantRequest request =
                new OAuth2RefreshTokenGrantRequest(
                        app, usedUp, new OAuth2RefreshToken(refreshToken, now));
        return new RestClientRefreshTokenTokenResponseClient().getTokenResponse(request);
    }

    private static String errorOf(ClientRegistration app, String refreshToken) {
        try {
            refresh(app, refreshToken);
            return "none";
        } catch (OAuth2AuthorizationException error) {
            return error.getError().getErrorCode();
        }
    }

    static Map<String, Object> run(Map<String, Object> server, Map<String, Object> given) {
        String issuer = (String) server.get("issuer");
        String audience = (String) server.get("audience");
        String clientId = (String) server.get("client_id");
        String secret = (String) server.get("client_secret");
        String introspectionUri = issuer.replace("/tenants/one", "/oauth2/introspect");
        Map<String, Object> good = Main.object(given, "good");
        Map<String, Object> found = refreshAll(issuer, (String) given.get("refresh_token"));

        OpaqueTokenIntrospector introspector =
                SpringOpaqueTokenIntrospector.withIntrospectionUri(introspectionUri)
                        .clientId(clientId)
                        .clientSecret(secret)
                        .build();

        OpaqueTokenIntrospector impostor =
                SpringOpaqueTokenIntrospector.withIntrospectionUri(introspectionUri)
                        .clientId(clientId)
                        .clientSecret(secret + "x")
                        .build();
        OAuth2AuthenticatedPrincipal principal =
                introspector.introspect((String) good.get("ES256"));
        found.put(
                "principal",
                Map.of(
                        "name", principal.getName(),
                        "sub", principal.<String>getAttribute("sub"),
                        "aud", principal.getAttribute("aud"),
                        "iss", principal.getAttribute("iss").toString(),
                        "exp", principal.getAttribute("exp").getClass().getSimpleName(),
                        "authorities",
                        principal.getAuthorities().stream().map(Object::toString).sorted().toList()));
        Map<String, Object> inactive = new LinkedHashMap<>();
        Main.object(given, "inactive")
                .forEach(
                        (name, token) ->
                                inactive.put(
                                        name,
                                        Main.outcome(
                                                () -> introspector.introspect((String) token))));
        found.put("inactive", inactive);
        found.put(
                "refused_client",
                Main.outcome(() -> impostor.introspect((String) good.get("ES256"))));

        NimbusJwtDecoder decoder =
                NimbusJwtDecoder.withIssuerLocation(issuer)
                        .jwsAlgorithm(SignatureAlgorithm.ES256)
                        .jwsAlgorithm(SignatureAlgorithm.RS256)
                        .jwsAlgorithm(SignatureAlgorithm.PS256)
                        .validateType(false)
                        .build();
        decoder.setJwtValidator(
                JwtValidators.createAtJwtValidator().issuer(issuer).audience(audience).build());

        for (String kind : new String[] {"good", "bad"}) {
            Map<String, Object> outcomes = new LinkedHashMap<>();
            Main.object(given, kind)
                    .forEach(
                            (name, token) ->
                                    outcomes.put(
                                            name,
                                            Main.outcome(
                                                    () ->
                                                            decoder.decode((String) token)
                                                                    .getSubject())));
            found.put(kind.equals("good") ? "verified" : "unverified", outcomes);
        }
        return found;
    }
}
