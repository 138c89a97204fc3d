// One sign-in with openid-client whose request is pushed, signed, or both, and whose answer may be signed.
import * as client from "openid-client";
import { importJWK } from "jose";

import { ask, run } from "./conversation.mjs";

await run(async (given) => {
  const key = { key: await importJWK(given.key, given.algorithm), kid: given.key.kid };
  const config = await client.discovery(
    new URL(given.issuer),
    given.client_id,
    {
      id_token_signed_response_alg: given.signed_by,
      authorization_signed_response_alg: given.signed_by,
    },
    client.PrivateKeyJwt(key),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
  if (given.ways.includes("signed answer")) client.useJwtResponseMode(config);

  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  let parameters = {
    redirect_uri: given.redirect_uri,
    scope: "openid",
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  let address = client.buildAuthorizationUrl(config, parameters);
  if (given.response_mode) address.searchParams.set("response_mode", given.response_mode);
  if (given.ways.includes("signed request")) {
    address = await client.buildAuthorizationUrlWithJAR(config, address.searchParams, key);
  }
  if (given.ways.includes("pushed")) {
    address = await client.buildAuthorizationUrlWithPAR(config, address.searchParams);
  }

  const answer = await ask({ authorize: address.href });
  const arrived = answer.form
    ? new Request(given.redirect_uri, { method: "POST", body: new URLSearchParams(answer.form) })
    : new URL(answer.callback);
  const tokens = await client.authorizationCodeGrant(config, arrived, {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
  });
  return { parameters: [...address.searchParams.keys()], claims: tokens.claims() };
});
