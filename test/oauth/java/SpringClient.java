import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;
import org.springframework.security.oauth2.server.resource.introspection.SpringOpaqueTokenIntrospector;

/** Spring Security's resource server: an API that is given tokens. */
class SpringClient {
    static Map<String, Object> run(Map<String, Object> server, Map<String, Object> given) {
        String issuer = (String) server.get("issuer");
        String audience = (String) server.get("audience");
        String clientId = (String) server.get("client_id");
        String secret = (String) server.get("client_secret");
        String introspectionUri = issuer.replace("/tenants/one", "/oauth2/introspect");
        Map<String, Object> good = Main.object(given, "good");
        Map<String, Object> found = new LinkedHashMap<>();

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
