"""What the layers below the pages say aloud, for the translators.

Those layers know no languages: their errors speak English, and :func:`app.web.language.said` finds
the sentence here, with what stands in its gaps, and says it in the reader's language.
"""

# Marks a string for the translators' catalogue and leaves it as it is.
N_ = str

_ANYBODY = (
    N_("The request could not be completed."),
    N_("A value is not acceptable."),
    N_("There is no such thing."),
    N_("This contradicts what is already there."),
    N_("The service is busy. Please try again in a moment."),
    N_("The service cannot sign at the moment."),
    N_("A stored secret cannot be read."),
    N_("The configuration is not usable."),
    N_("The address could not be fetched."),
    N_("Too many attempts. Please wait a moment and try again."),
    N_("The user name or the password is not right."),
    N_("This page was open for too long. Please go back, reload it and try again."),
    N_("This set-up link is no longer valid. Restart the server to get a new one."),
    N_("The id_token_hint is not valid."),
    N_("The application that asked to sign you out made a mistake. You are still signed in."),
    N_("The application that sent you here made a mistake. Please tell its makers."),
    N_("The application that sent you here is not known to us."),
    N_("The application that sent you here did not say where to return to."),
    N_("The address to return to is not registered for this application."),
    N_(
        "This sign-in was not started in this browser, or cookies are off. "
        "Please go back to the application and start again."
    ),
    N_("This sign-in took too long. Please go back to the application and start again."),
    N_("The keys of the client are not available."),
    N_("The client has no key to encrypt for."),
    N_("The token is not valid."),
    N_("The key set holds no usable key."),
)
_PEOPLE = (
    N_("There is no such user."),
    N_("There is an administrator already."),
    N_("There is no e-mail address to be verified."),
    N_("This e-mail address belongs to another user."),
    N_("This is not an e-mail address."),
    N_("This user name is taken."),
    N_("The user name is the e-mail address."),
    N_("A user name has 1 to %(most)s characters."),
    N_("A user name has visible characters only, and no space at its ends."),
    N_("A user name has an @ only where it is the person's e-mail address."),
    N_("A user name does not look like an account's identifier."),
    N_("A name has up to %(most)s printable characters."),
    N_("A person has at most %(most)s roles."),
    N_("A role is up to 64 letters, digits and . _ : / - without spaces."),
    N_("A password has at least %(least)s characters."),
    N_("A password has at most %(most)s bytes."),
    N_("This password is among the first that would be guessed."),
    N_("The claims of a person take up to %(most)s characters as JSON."),
    N_("The name of a claim is up to %(most)s visible ASCII characters."),
    N_("Claim %(name)s: %(why)s."),
)
_CLIENTS = (
    N_("There is no such client."),
    N_("There is a client with this identifier."),
    N_("A client identifier has 1 to 64 letters, digits and . _ ~ -"),
    N_("A client needs a grant type."),
    N_("A public client has no credentials, so it cannot use client_credentials."),
    N_("A public client always needs PKCE."),
    N_("A public client has no secret."),
    N_("The grace is 0 to %(most)s days."),
    N_("authorization_code needs a redirect URI."),
    N_("%(fields)s make sense with authorization_code alone."),
    N_("%(field)s is a list of at most %(most)s."),
    N_("%(field)s is a list of texts."),
    N_("%(field)s must be one of %(known)s."),
    N_("%(field)s is true or false."),
    N_("%(field)s is %(least)s to %(most)s seconds."),
    N_("The name of a client"),
    N_("The name of an API"),
    N_("A contact"),
    N_("%(what)s has 1 to %(most)s characters."),
    N_("%(what)s holds a character that cannot be shown."),
    N_("There is no API %(identifier)s."),
    N_("%(scope)s cannot be a scope."),
    N_("%(scope)s is neither a scope of OpenID Connect nor of the client's APIs."),
    N_("refresh_token continues authorization_code or device_code and needs one of them."),
    N_("This client proves itself without a secret."),
    N_("Pairwise subjects need redirect URIs of one host, or a sector_identifier_uri."),
    N_("An acr value has no spaces."),
    N_("%(field)s: its host is too long."),
    N_("%(field)s: scheme, host and port must be those of a redirect URI."),
    N_("%(field)s_alg: jwks has no key to encrypt for with %(algorithm)s."),
    N_("A client has jwks or jwks_uri, not both."),
    N_("%(field)s needs exactly one of %(known)s."),
    N_("%(field)s needs jwks or jwks_uri."),
    N_("%(field)s has spaces around it."),
    N_("%(field)s makes sense with %(method)s alone."),
    N_("The file of the sector cannot be fetched."),
)
_ADDRESSES = (
    N_("A URI has 1 to %(most)s characters."),
    N_("A URI holds a character that URIs do not have."),
    N_("%(uri)s: is not a URI"),
    N_("%(uri)s: must begin with https://"),
    N_("%(uri)s: must begin with https:// or http://"),
    N_("%(uri)s: must not have a fragment"),
    N_("%(uri)s: must not have . or .. in its path"),
    N_("%(uri)s: must not have a wildcard; register each address"),
    N_("%(uri)s: must not name a user"),
    N_("%(uri)s: has no usable host"),
    N_("%(uri)s: http is accepted on loopback addresses alone"),
    N_(
        "%(uri)s: must be https, http on a loopback address, or a private-use scheme in lower case "
        "with a dot in it, such as com.example.app:/signed-in"
    ),
    N_("%(origin)s: an origin is scheme, host and port in lower case, such as https://app.example"),
    N_("%(origin)s: browsers leave out the default port"),
)
_FEATURES = (
    N_("redirect_uri is missing or not registered."),
    N_("The certificate cannot be read."),
    N_("Name one API by the parameter resource."),
    N_("The file of the sector is no JSON array of URIs."),
    N_("A claim mapping is written CLAIM = SOURCE in PLACE ..."),
    N_("A claim mapping has the members claim, source and in."),
    N_("The name of a claim has 1 to 128 visible ASCII characters."),
    N_("publishes_metadata is true or false."),
    N_("Nobody can sign in here as surely as is asked for."),
    N_("There is no such initial access token."),
    N_("No client of this identifier registered itself."),
    N_("The registration access token has been replaced."),
    N_("A token ends in the future."),
    N_("The client has no jwks_uri."),
    N_("The key set could not be fetched; the old one stays."),
    N_(
        "The source of a claim is claim:<attribute>, user:username, user:email, user:name, "
        "roles, roles:<prefix>, groups or text:<constant>."
    ),
    N_("The file of the sector does not list %(uri)s."),
    N_("Claim mappings are a list of at most %(most)s."),
    N_("%(claim)s is mapped twice in %(place)s."),
    N_("%(claim)s: in is a list of %(known)s."),
    N_("%(claim)s: this name has a meaning of its own and cannot be mapped."),
    N_("%(claim)s: a scope of OpenID Connect releases this claim, so it is not mapped."),
    N_("A token has 1 to %(most)s uses."),
    N_("%(scope)s is not among SIGNET_REGISTRATION_SCOPES."),
)
_APIS_AND_KEYS = (
    N_("There is no such API."),
    N_("An API %(identifier)s is registered already."),
    N_("This identifier is Signet's own."),
    N_(
        "The identifier of an API is an absolute URI without a fragment or wildcard, such as "
        "https://api.example or urn:example:api."
    ),
    N_(
        "%(scope)s cannot be the scope of an API: a scope has 1 to 128 visible ASCII characters "
        "other than \" and \\, and is none of OpenID Connect's own."
    ),
    N_("These clients are registered for this API: %(clients)s."),
    N_("These clients are registered for a removed scope: %(clients)s."),
    N_("This key is already here."),
    N_("No keys are kept for that algorithm, only for %(known)s."),
    N_("Another key is already announced as the next for %(algorithm)s."),
)

# The first that fits is said, so what is said of anything comes last.
SAYINGS = (*_ANYBODY, *_PEOPLE, *_FEATURES, *_ADDRESSES, *_APIS_AND_KEYS, *_CLIENTS)
