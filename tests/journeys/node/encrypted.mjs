// ID token and userinfo that only this client can read: openid-client opens both and checks what is inside.
import * as client from "openid-client";
import { importJWK } from "jose";

import { ask, run } from "./conversation.mjs";

await run(async (given) => {
  const config = await client.discovery(
    new URL(given.issuer),
    given.client_id,
    { id_token_signed_response_alg: "RS256", userinfo_signed_response_alg: "RS256" },
    client.ClientSecretBasic(given.client_secret),
    { execute: [client.allowInsecureRequests] },
  );
  const key = await importJWK(given.key, given.algorithm, { extractable: false });
  client.enableDecryptingResponses(config, [given.encryption], { key, kid: given.key.kid });

  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: given.redirect_uri,
    scope: "openid email",
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const { callback } = await ask({ authorize: address.href });
  const tokens = await client.authorizationCodeGrant(config, new URL(callback), {
    pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true,
  });
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  return { parts: tokens.id_token.split(".").length, claims, userinfo };
});
