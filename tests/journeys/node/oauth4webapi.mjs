// The second opinion: oauth4webapi, which checks each answer in a step of its own. Registration, a signed and
// pushed request, a signed answer, signed userinfo, and the metadata of a resource.
import * as oauth from "oauth4webapi";
import { importJWK } from "jose";

import { ask, run } from "./conversation.mjs";

const here = { [oauth.allowInsecureRequests]: true };

await run(async (given) => {
  const issuer = new URL(given.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, here));
  const registered = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(as, given.metadata, here),
  );
  const key = { key: await importJWK(given.key, given.algorithm), kid: given.key.kid };
  const authentication = oauth.PrivateKeyJwt(key);
  const redirectUri = given.metadata.redirect_uris[0];
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const object = await oauth.issueRequestObject(as, registered, {
    response_type: "code",
    response_mode: "jwt",
    redirect_uri: redirectUri,
    scope: "openid email",
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }, key);
  const pushed = await oauth.processPushedAuthorizationResponse(as, registered,
    await oauth.pushedAuthorizationRequest(as, registered, authentication, { request: object }, here));
  const address = new URL(as.authorization_endpoint);
  address.searchParams.set("client_id", registered.client_id);
  address.searchParams.set("request_uri", pushed.request_uri);

  const { callback } = await ask({ authorize: address.href });
  const answer = await oauth.validateJwtAuthResponse(as, registered, new URL(callback), state, here);
  const redeemed = await oauth.authorizationCodeGrantRequest(
    as, registered, authentication, answer, redirectUri, verifier, here);
  const tokens = await oauth.processAuthorizationCodeResponse(as, registered, redeemed, { requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, redeemed, here);
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);

  const told = await oauth.userInfoRequest(as, registered, tokens.access_token, here);
  const userinfo = await oauth.processUserInfoResponse(as, registered, sub, told);
  await oauth.validateApplicationLevelSignature(as, told, here);

  const device = await oauth.processDeviceAuthorizationResponse(as, registered,
    await oauth.deviceAuthorizationRequest(as, registered, authentication, { scope: "openid" }, here));
  const resource = new URL(given.resource);
  const described = await oauth.processResourceDiscoveryResponse(
    resource, await oauth.resourceDiscoveryRequest(resource, here));
  return { registered, expires_in: pushed.expires_in, sub, userinfo, user_code: device.user_code, described };
});
