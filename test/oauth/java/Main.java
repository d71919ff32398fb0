import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Runs stock clients against a Signum; prints what they found as JSON, by library. What they are given
 * comes as JSON on standard input, secrets included: an argument would be seen by everyone on the machine.
 */
public class Main {
    /** A call that may fail. */
    interface Attempt {
        Object run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        Map<String, Object> given =
                JSONObjectUtils.parse(new String(System.in.readAllBytes(), "UTF-8"));
        SSLContext.setDefault(trusting((String) given.get("ca_file")));
        System.out.println(
                JSONObjectUtils.toJSONString(
                        Map.of(
                                "Nimbus", NimbusClient.run(given, object(given, "Nimbus")),
                                "Spring Security",
                                SpringClient.run(given, object(given, "Spring Security")))));
    }

    /** What a call returns, or the kind of error that it throws. */
    static Object outcome(Attempt attempt) {
        try {
            return attempt.run();
        } catch (Exception error) {
            return Map.of("raised", error.getClass().getSimpleName());
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Map<String, Object> parent, String name) {
        return (Map<String, Object>) parent.get(name);
    }

    /** An authority as a system would trust it that has installed it. */
    private static SSLContext trusting(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null);
        try (FileInputStream pem = new FileInputStream(file)) {
            store.setCertificateEntry(
                    "signum", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory managers =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
