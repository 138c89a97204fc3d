// One person at one application, as an author would write it with openid-client: sign-in, refresh,
// userinfo, introspection, revocation, sign-out. Everything the library can validate, it validates.
import * as client from "openid-client";

import { ask, attempt, run } from "./conversation.mjs";

const AUTHENTICATIONS = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  none: () => client.None(),
};

await run(async (given) => {
  const config = await client.discovery(
    new URL(given.issuer),
    given.client_id,
    {
      client_secret: given.client_secret,
      id_token_signed_response_alg: given.algorithm ?? "RS256",
      require_auth_time: true,
    },
    AUTHENTICATIONS[given.authentication](given.client_secret),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );

  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: given.redirect_uri,
    scope: given.scope,
    state,
    nonce,
    max_age: "3600",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...given.parameters,
  });

  const answer = await ask({ authorize: address.href });
  const arrived = answer.form
    ? new Request(given.redirect_uri, { method: "POST", body: new URLSearchParams(answer.form) })
    : new URL(answer.callback);
  const tokens = await client.authorizationCodeGrant(config, arrived, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    maxAge: 3600,
    idTokenExpected: true,
  }, given.token_parameters);

  const claims = tokens.claims();
  const result = { tokens, claims, userinfo: await client.fetchUserInfo(config, tokens.access_token, claims.sub) };

  if (tokens.refresh_token) {
    result.refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    result.userinfo_again = await client.fetchUserInfo(config, result.refreshed.access_token, claims.sub);
  }
  const latest = result.refreshed ?? tokens;

  if (given.authentication !== "none") {
    result.introspected = await client.tokenIntrospection(config, latest.access_token);
    await client.tokenRevocation(config, latest.access_token);
    result.introspected_after = await client.tokenIntrospection(config, latest.access_token);
  }
  await client.tokenRevocation(config, latest.refresh_token ?? latest.access_token);
  result.userinfo_after = await attempt(() =>
    client.fetchUserInfo(config, latest.access_token, claims.sub));
  if (latest.refresh_token) {
    result.refreshed_after = await attempt(() =>
      client.refreshTokenGrant(config, latest.refresh_token));
  }

  result.sign_out = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: given.post_logout_redirect_uri,
    state: "bye",
  }).href;
  return result;
});
