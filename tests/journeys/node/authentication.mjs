// A client that proves itself by a key, by a MAC of its secret or by a certificate, with openid-client, at every
// endpoint of machines.
import * as client from "openid-client";
import { importJWK } from "jose";

import { run } from "./conversation.mjs";

async function authentication(given) {
  switch (given.method) {
    case "private_key_jwt":
      return client.PrivateKeyJwt({ key: await importJWK(given.key, given.algorithm), kid: given.key.kid });
    case "client_secret_jwt":
      return client.ClientSecretJwt(given.client_secret);
    default:
      return client.TlsClientAuth();
  }
}

await run(async (given) => {
  const config = await client.discovery(
    new URL(given.issuer),
    given.client_id,
    { client_secret: given.client_secret },
    await authentication(given),
    { execute: [client.allowInsecureRequests] },
  );
  if (given.certificate) {
    // What the proxy in front of the server says of the connection.
    config[client.customFetch] = (url, options) =>
      fetch(url, { ...options, headers: { ...options.headers, "client-cert": given.certificate } });
  }
  const tokens = await client.clientCredentialsGrant(config, {});
  const before = await client.tokenIntrospection(config, tokens.access_token);
  await client.tokenRevocation(config, tokens.access_token);
  const after = await client.tokenIntrospection(config, tokens.access_token);
  const device = await client.initiateDeviceAuthorization(config, { scope: "openid" });
  const pushed = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: given.redirect_uri,
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
    code_challenge_method: "S256",
  });
  return { before, after, user_code: device.user_code, request_uri: pushed.searchParams.get("request_uri") };
});
