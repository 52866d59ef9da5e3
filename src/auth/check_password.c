#include "auth/password.h"
#include "sallyport/auth.h"

/* For passwords that cannot be valid: takes as long as a hash of sally_hash_password(). */
static const char decoy[] =
    "$y$j9T$Yq1oqgqlPd0z9MVRZ8T6p/$UnBdyIiFP.7Skr9ufAFd8R7DeCdOge4yEN4itGYqOm7";

bool sally_check_password(const char *password, const char *hash)
{
    if (!password || !password_has_length(password))
        return false;
    bool is_hash = hash && password_is_hash(hash);
    bool matches = password_matches_hash(password, is_hash ? hash : decoy);
    return is_hash && matches;
}
