// A client that registers itself with openid-client, signs somebody in with what it got, and then reads,
// replaces and removes its registration as RFC 7592 has it (openid-client does not know that part).
import * as client from "openid-client";

import { ask, run } from "./conversation.mjs";

async function manage(registered, method, document) {
  const answer = await fetch(registered.registration_client_uri, {
    method,
    headers: {
      authorization: `Bearer ${registered.registration_access_token}`,
      ...(document && { "content-type": "application/json" }),
    },
    body: document && JSON.stringify(document),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

await run(async (given) => {
  const config = await client.dynamicClientRegistration(
    new URL(given.issuer), given.metadata, client.ClientSecretBasic(),
    { execute: [client.allowInsecureRequests], initialAccessToken: given.initial_access_token },
  );
  const registered = config.clientMetadata();

  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: given.metadata.redirect_uris[0],
    scope: "openid",
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const { callback } = await ask({ authorize: address.href });
  const tokens = await client.authorizationCodeGrant(config, new URL(callback), {
    pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true,
  });

  const read = await manage(registered, "GET");
  const replaced = await manage(registered, "PUT", {
    ...given.metadata,
    client_id: registered.client_id,
    client_name: "Another name",
  });
  const stale = await manage(registered, "GET");
  const renewed = { ...registered, ...replaced.body };
  const removed = await manage(renewed, "DELETE");
  return { registered, claims: tokens.claims(), read, replaced, stale, removed, gone: await manage(renewed, "GET") };
});
