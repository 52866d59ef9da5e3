#include <sys/resource.h>

#include "load.h"

struct figures {
    double seconds, mib_s, ops_s, p50_us, p90_us, p99_us, max_us;
    double least_share; /* of the slowest session, where 1 is the mean of this job's sessions */
};

static double us(uint64_t ns)
{
    return (double)ns / 1e3;
}

static double least_share(const struct load *load, const struct job *j)
{
    uint64_t least = UINT64_MAX, sum = 0, count = 0;
    for (uint32_t i = 0; i < load->options.sessions; i++) {
        const struct session *s = &load->sessions[i];
        if (s->job != j)
            continue;
        least = s->operations < least ? s->operations : least;
        sum += s->operations;
        count++;
    }
    return sum ? (double)least * (double)count / (double)sum : 0;
}

static struct figures figures_of(const struct load *load, const struct job *j)
{
    struct figures f = {
        .least_share = least_share(load, j),
        .p50_us = us(stats_at(&j->latency, 0.50)),
        .p90_us = us(stats_at(&j->latency, 0.90)),
        .p99_us = us(stats_at(&j->latency, 0.99)),
        .max_us = us(j->latency.max_ns),
    };
    if (j->last_ns <= j->first_ns)
        return f;
    f.seconds = (double)(j->last_ns - j->first_ns) / 1e9;
    f.mib_s = (double)j->bytes / f.seconds / (1 << 20);
    f.ops_s = (double)j->operations / f.seconds;
    return f;
}

static void text(const struct job *j, const struct figures *f, FILE *out)
{
    fprintf(out, "%-10s %.3f s", j->workload->name, f->seconds);
    if (j->bytes)
        fprintf(out, "  %.1f MiB/s", f->mib_s);
    fprintf(out,
            "  %.0f ops/s  latency us: p50 %.0f p90 %.0f p99 %.0f max %.0f  least share %.2f  "
            "errors: %llu\n",
            f->ops_s, f->p50_us, f->p90_us, f->p99_us, f->max_us, f->least_share,
            (unsigned long long)j->errors);
}

static void json(const struct job *j, const struct figures *f, FILE *out)
{
    fprintf(
        out,
        "{\"mode\": \"%s\", \"seconds\": %.6f, \"bytes\": %llu, \"operations\": %llu, \"mib_s\": "
        "%.2f, \"ops_s\": %.1f, "
        "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, "
        "\"least_share\": %.3f, \"errors\": %llu}",
        j->workload->name, f->seconds, (unsigned long long)j->bytes,
        (unsigned long long)j->operations, f->mib_s, f->ops_s, f->p50_us, f->p90_us, f->p99_us,
        f->max_us, f->least_share, (unsigned long long)j->errors);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Key exchanges after the first ones. */
static uint64_t rekeys(const struct load *load)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < load->options.sessions; i++)
        if (load->sessions[i].ssh)
            count += ssh_rekey_count(load->sessions[i].ssh);
    return count;
}

/* As JSON on one line. */
void report(struct load *load, FILE *out)
{
    const struct options *o = &load->options;
    if (o->json)
        fprintf(out, "{\"client_cpu_s\": %.3f, \"rekeys\": %llu, \"results\": [", cpu_seconds(),
                (unsigned long long)rekeys(load));
    for (size_t i = 0; i < o->job_count; i++) {
        struct figures f = figures_of(load, &o->jobs[i]);
        if (o->json && i)
            fprintf(out, ", ");
        (o->json ? json : text)(&o->jobs[i], &f, out);
    }
    if (o->json)
        fprintf(out, "]}\n");
}
