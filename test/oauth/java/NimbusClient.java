import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.dpop.DefaultDPoPProofFactory;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Nimbus' OAuth SDK: an API that is given tokens, and an app that holds them, bound to its key or not. */
class NimbusClient {
    private final Map<String, Object> given;
    private final Map<String, Object> found = new LinkedHashMap<>();
    private final AuthorizationServerMetadata metadata;
    private final String issuer;
    private final String audience;
    private final ClientID clientId;
    private final Secret secret;

    static Map<String, Object> run(Map<String, Object> server, Map<String, Object> given)
            throws Exception {
        NimbusClient client = new NimbusClient(server, given);
        client.introspectAll();
        client.verifyAll();
        client.refreshAll();
        client.revoke();
        client.refreshBound();
        return client.found;
    }

    private NimbusClient(Map<String, Object> server, Map<String, Object> given) throws Exception {
        this.given = given;
        issuer = (String) server.get("issuer");
        audience = (String) server.get("audience");
        clientId = new ClientID((String) server.get("client_id"));
        secret = new Secret((String) server.get("client_secret"));
        metadata = AuthorizationServerMetadata.resolve(new Issuer(issuer));
        found.put("discovered", metadata.toJSONObject());
    }

    private TokenIntrospectionResponse introspect(ClientAuthentication authentication, String token)
            throws Exception {
        TokenIntrospectionRequest request =
                new TokenIntrospectionRequest(
                        metadata.getIntrospectionEndpointURI(),
                        authentication,
                        new BearerAccessToken(token));
        return TokenIntrospectionResponse.parse(request.toHTTPRequest().send());
    }

    private Object introspected(String token) throws Exception {
        return introspect(new ClientSecretBasic(clientId, secret), token)
                .toSuccessResponse()
                .toJSONObject();
    }

    private void introspectAll() throws Exception {
        String good = (String) Main.object(given, "good").get("ES256");
        found.put(
                "introspected",
                Map.of(
                        "client_secret_basic", introspected(good),
                        "client_secret_post",
                        introspect(new ClientSecretPost(clientId, secret), good)
                                .toSuccessResponse()
                                .toJSONObject()));
        Map<String, Object> inactive = new LinkedHashMap<>();
        for (Map.Entry<String, Object> token : Main.object(given, "inactive").entrySet()) {
            inactive.put(token.getKey(), introspected((String) token.getValue()));
        }
        found.put("inactive", inactive);
        Secret wrong = new Secret(secret.getValue() + "x");
        found.put(
                "refused_client",
                introspect(new ClientSecretBasic(clientId, wrong), good)
                        .toErrorResponse()
                        .getErrorObject()
                        .getCode());
    }

    private void verifyAll() throws Exception {
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        processor.setJWSTypeVerifier(
                new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        processor.setJWSKeySelector(
                new JWSVerificationKeySelector<>(
                        Set.of(JWSAlgorithm.ES256, JWSAlgorithm.RS256, JWSAlgorithm.PS256),
                        JWKSourceBuilder.create(metadata.getJWKSetURI().toURL()).build()));
        processor.setJWTClaimsSetVerifier(
                new DefaultJWTClaimsVerifier<>(
                        audience,
                        new JWTClaimsSet.Builder().issuer(issuer).build(),
                        Set.of("sub", "exp", "iat", "jti", "client_id")));

        for (String kind : List.of("good", "bad")) {
            Map<String, Object> outcomes = new LinkedHashMap<>();
            Main.object(given, kind)
                    .forEach(
                            (name, token) ->
                                    outcomes.put(
                                            name,
                                            Main.outcome(
                                                    () ->
                                                            processor
                                                                    .process((String) token, null)
                                                                    .getSubject())));
            found.put(kind.equals("good") ? "verified" : "unverified", outcomes);
        }
    }

    private TokenResponse refresh(String refreshToken) throws Exception {
        TokenRequest request =
                new TokenRequest.Builder(
                                metadata.getTokenEndpointURI(),
                                new ClientID("app"),
                                new RefreshTokenGrant(new RefreshToken(refreshToken)))
                        .scope(new Scope("read", "write"))
                        .build();
        return TokenResponse.parse(request.toHTTPRequest().send());
    }

    private static String refreshTokenOf(TokenResponse response) {
        return response.toSuccessResponse().getTokens().getRefreshToken().getValue();
    }

    private String errorOf(String refreshToken) throws Exception {
        return refresh(refreshToken).toErrorResponse().getErrorObject().getCode();
    }

    private void refreshAll() throws Exception {
        String first = (String) given.get("refresh_token");
        TokenResponse second = refresh(first);
        TokenResponse again = refresh(first);
        String third = refreshTokenOf(refresh(refreshTokenOf(second)));
        found.put(
                "refreshed",
                Map.of(
                        "first", second.toSuccessResponse().toJSONObject(),
                        "answered_again", !refreshTokenOf(again).equals(first),
                        "rotated",
                        List.of(first, refreshTokenOf(second), third).stream().distinct().count()
                                == 3));
        found.put("reused", List.of(errorOf(first), errorOf(third)));
        found.put("garbage", errorOf("garbage"));
    }

    private void revoke() throws Exception {
        String token = (String) given.get("revocable");
        Object before =
                introspect(new ClientSecretBasic(clientId, secret), token)
                        .toSuccessResponse()
                        .isActive();

        TokenRevocationRequest request =
                new TokenRevocationRequest(
                        metadata.getRevocationEndpointURI(),
                        new ClientID("app"),
                        new BearerAccessToken(token));
        HTTPResponse response = request.toHTTPRequest().send();

        found.put(
                "revoked",
                Map.of(
                        "before", before,
                        "status", response.getStatusCode(),
                        "after", introspected(token)));
    }

    /** A session whose tokens are bound to a key, at a server that asks for nonces. */
    private void refreshBound() throws Exception {
        Map<String, Object> bound = Main.object(given, "bound");
        ECKey key = (ECKey) JWK.parse(Main.object(bound, "key"));
        String refreshToken = (String) bound.get("refresh_token");
        String stolen = errorOf(refreshToken);

        DefaultDPoPProofFactory proofs = new DefaultDPoPProofFactory(key, JWSAlgorithm.ES256);
        HTTPRequest request =
                new TokenRequest(
                                metadata.getTokenEndpointURI(),
                                new ClientID("app"),
                                new RefreshTokenGrant(new RefreshToken(refreshToken)))
                        .toHTTPRequest();
        request.setDPoP(proofs.createDPoPJWT("POST", request.getURI()));
        HTTPResponse asked = request.send();
        request.setDPoP(proofs.createDPoPJWT("POST", request.getURI(), asked.getDPoPNonce()));
        TokenResponse refreshed = TokenResponse.parse(request.send());

        String accessToken =
                refreshed.toSuccessResponse().getTokens().getAccessToken().getValue();
        found.put(
                "bound",
                Map.of(
                        "stolen", stolen,
                        "asked",
                        TokenResponse.parse(asked).toErrorResponse().getErrorObject().getCode(),
                        "refreshed", refreshed.toSuccessResponse().toJSONObject(),
                        "introspected", introspected(accessToken),
                        "thumbprint", key.computeThumbprint().toString()));
    }
}
