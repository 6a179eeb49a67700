// Sending a person to the server, by redirect or by popup, and believing what comes back.
import * as glue from "latchkey:glue";
import { throwIfAborted, unlessAborted } from "./abort.js";
import { LatchkeyError } from "./error.js";
import { clientIdFor, findTarget, forgetRegistration } from "./identity.js";
import { leave } from "./page.js";
import { openPopup, POPUP } from "./popup.js";
import { authorizationRequest } from "./steps.js";
import { checkKeeping, keep } from "./transaction.js";

/** How the state of a sign-in by redirect begins. */
const REDIRECT = "r.";
/** The longest `returnTo`. */
const LONGEST_RETURN = 2000;

export class SignIn {
  #options;
  #keeper;
  /** What discovery found, once for all sign-ins of this page. */
  #target;

  constructor(options, keeper) {
    this.#options = options;
    this.#keeper = keeper;
  }

  /** A popup is opened at once, while the click lasts; the rest comes after. */
  begin(wishes = {}) {
    return wishes.popup ? this.#byPopup(openPopup(), wishes) : this.#byRedirect(wishes);
  }

  async #byRedirect(wishes) {
    // Before any request: without it the callback could not be understood.
    checkKeeping();
    const { request, grant } = await this.#write(wishes, REDIRECT);
    throwIfAborted(wishes.signal);
    keep(request.state, grant);
    return unlessAborted(leave(request.url), wishes.signal);
  }

  async #byPopup(popup, wishes) {
    try {
      const { request, grant } = await this.#write(wishes, POPUP);
      const callback = await popup.callback(request, wishes.signal);
      return await this.believe(callback, request.state, grant);
    } catch (error) {
      popup.close();
      throw error;
    }
  }

  /** Finds the server and the client, and writes the request and what its callback will need. */
  async #write({ scope, prompt, loginHint, returnTo, signal }, prefix) {
    throwIfAborted(signal);
    if (returnTo?.length > LONGEST_RETURN) {
      throw new LatchkeyError("invalid_options", `returnTo must have at most ${LONGEST_RETURN} characters.`, { member: "returnTo" });
    }
    this.#target ??= await findTarget(this.#options, signal);
    const { server, resource } = this.#target;
    const clientId = await clientIdFor(server, this.#options, signal);
    const redirectUri = this.#options.redirectUri();
    const asked = scope ?? this.#target.scope;
    const request = authorizationRequest(server, { clientId, redirectUri, scope: asked, resource, prompt, loginHint }, prefix);
    const grant = {
      issuer: server.issuer,
      issuerIsSent: server.authorization_response_iss_parameter_supported === true,
      tokenEndpoint: server.token_endpoint,
      revocationEndpoint: server.revocation_endpoint,
      clientId,
      redirectUri,
      resource,
      scope: asked,
      codeVerifier: request.codeVerifier,
      returnTo,
    };
    return { request, grant };
  }

  /** Believes a callback of this state, or not, and has its code redeemed. */
  async believe(query, state, { issuerIsSent, returnTo, ...grant }) {
    try {
      const code = glue.readCallback(query, state, grant.issuer, issuerIsSent);
      return await this.#keeper.redeem({ ...grant, code });
    } catch (error) {
      forgetRegistration(grant.issuer, this.#options, error);
      throw error;
    }
  }
}
