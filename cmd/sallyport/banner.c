#include "banner.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report.h"

#define MAX_ADDRESSES 8

struct address {
    char host[INET6_ADDRSTRLEN];
    bool v6;
    char port[8];
};

struct addresses {
    struct address at[MAX_ADDRESSES];
    size_t count;
};

static void add(struct addresses *all, const char *host, bool v6, const char *port)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->at[i].host, host) == 0 && strcmp(all->at[i].port, port) == 0)
            return;
    }
    if (all->count == MAX_ADDRESSES)
        return;
    struct address *a = &all->at[all->count++];
    snprintf(a->host, sizeof a->host, "%s", host);
    snprintf(a->port, sizeof a->port, "%s", port);
    a->v6 = v6;
}

/* The addresses of one family at which this machine can be reached; loopback addresses only if
 * there are no others. */
static void add_interfaces(struct addresses *all, bool v6, const char *port)
{
    struct ifaddrs *list = NULL;
    size_t before = all->count;
    if (getifaddrs(&list) != 0)
        list = NULL;
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (!i->ifa_addr || i->ifa_addr->sa_family != (v6 ? AF_INET6 : AF_INET) ||
            !(i->ifa_flags & IFF_UP) || i->ifa_flags & IFF_LOOPBACK)
            continue;
        const void *bytes;
        if (v6) {
            const struct in6_addr *a =
                &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr;
            if (IN6_IS_ADDR_LINKLOCAL(a))
                continue;
            bytes = a;
        } else {
            bytes = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
        }
        if (inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, text, sizeof text))
            add(all, text, v6, port);
    }
    freeifaddrs(list);
    if (all->count == before && !v6)
        add(all, "127.0.0.1", false, port);
}

static void add_listener(struct addresses *all, const char *url)
{
    const char *host = strstr(url, "://");
    const char *colon = strrchr(url, ':');
    if (!host || colon <= host + 2)
        return;
    host += 3;
    char text[INET6_ADDRSTRLEN] = "";
    bool v6 = *host == '[';
    size_t length = (size_t)(colon - host);
    if (v6 && length >= 2) {
        host++;
        length -= 2;
    }
    if (length < sizeof text)
        memcpy(text, host, length);
    if (strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0)
        add_interfaces(all, v6, colon + 1);
    else
        add(all, text, v6, colon + 1);
}

static void collect(const struct banner *b, struct addresses *all)
{
    const char *url;
    all->count = 0;
    for (int v6 = 0; v6 < 2; v6++) { /* IPv4 first: it is shorter to type */
        for (size_t i = 0; (url = sally_server_listener(b->server, i)) != NULL; i++) {
            if ((strstr(url, "://[") != NULL) == (v6 == 1))
                add_listener(all, url);
        }
    }
}

/* A name that needs no quoting in the shell. */
static bool is_plain(const char *text)
{
    return text[strspn(text,
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+")] ==
               '\0' &&
           *text != '-';
}

static void command(const struct banner *b, const struct address *a, char *out, size_t size)
{
    if (!is_plain(b->user))
        snprintf(out, size, "sftp -P %s -o User='%s' %s", a->port, b->user, a->host);
    else
        snprintf(out, size, a->v6 ? "sftp -P %s '%s@[%s]'" : "sftp -P %s %s@%s", a->port, b->user,
                 a->host);
}

static void show_fingerprints(FILE *out, const struct banner *b)
{
    sally_key *key;
    for (size_t i = 0; sally_server_host_key(&key, b->server, i) == SALLY_E_OK; i++) {
        fprintf(out, "  %-12s %s (%s)\n", i ? "" : "Fingerprint", sally_key_fingerprint(key),
                sally_key_type(key));
        sally_key_unref(key);
    }
}

static void show_addresses(FILE *out, const struct addresses *all)
{
    for (size_t i = 0; i < all->count; i++)
        fprintf(out, "  %-12s sftp://%s%s%s:%s\n", i ? "" : "Address", all->at[i].v6 ? "[" : "",
                all->at[i].host, all->at[i].v6 ? "]" : "", all->at[i].port);
}

/* Names may be untrusted. */
static void show_text(FILE *out, const char *text)
{
    char safe[4 * PATH_MAX];
    sally_log_escape(text, 0, safe, sizeof safe);
    fputs(safe, out);
}

static void show_password(FILE *out, const struct banner *b, const char *bold, const char *plain)
{
    fprintf(out, "\n  %-12s ", "Password");
    if (b->password) {
        fprintf(out, "%s%s%s", bold, b->password, plain);
    } else if (b->password_given && b->given_in) {
        fputs("as given in ", out);
        show_text(out, b->given_in);
    } else {
        fputs(b->password_given ? "as given on the command line" : "none: keys only", out);
    }
    fputc('\n', out);
}

static void show_user(FILE *out, const struct banner *b, const char *bold, const char *plain)
{
    fprintf(out, "  %-12s %s", "User", bold);
    show_text(out, b->user);
    fputs(plain, out);
    if (b->user_count > 1)
        fprintf(out, " and %zu more", b->user_count - 1);
    show_password(out, b, bold, plain);
}

static void compose(FILE *out, const struct banner *b)
{
    struct addresses all;
    collect(b, &all);
    bool colour = wants_colour(stderr);
    const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
    fprintf(out, "Serving %s", bold);
    show_text(out, b->directory);
    fprintf(out, "%s%s\n\n", plain, b->read_only ? " (read only)" : "");
    show_addresses(out, &all);
    show_user(out, b, bold, plain);
    show_fingerprints(out, b);
    if (all.count) {
        char text[512];
        command(b, &all.at[0], text, sizeof text);
        fprintf(out, "  %-12s %s", "Connect", bold);
        show_text(out, text);
        fprintf(out, "%s\n", plain);
    }
    if (is_terminal(stderr))
        fputs("\nCtrl-C stops the server.", out);
}

void banner_show(const struct banner *b, struct screen *screen)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    compose(out, b);
    if (fclose(out) == 0)
        screen_show(screen, text);
    free(text);
}

void banner_log(const struct banner *b, struct screen *screen)
{
    struct addresses all;
    collect(b, &all);
    char text[512] = "";
    if (all.count)
        command(b, &all.at[0], text, sizeof text);
    sally_key *key = NULL;
    (void)!sally_server_host_key(&key, b->server, 0);
    sally_log_field fields[5] = {{"directory", b->directory},
                                 {"user", b->user},
                                 {"fingerprint", key ? sally_key_fingerprint(key) : ""},
                                 {"command", text},
                                 {"password_file", b->password_file ? b->password_file : ""}};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const sally_log_line line = {
        .level = SALLY_LOG_INFO,
        .field_count = b->password_file ? 5 : 4,
        .time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .event = "serve.ready",
        .message = "Serving",
        .fields = fields,
    };
    screen_log(screen, &line);
    sally_key_unref(key);
}
