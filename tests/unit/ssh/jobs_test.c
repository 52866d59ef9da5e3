/* Jobs go out, come back, and outlive the engine. */
#include "engine_pair.h"

struct test_job {
    struct ssh_job base;
    struct marks {
        unsigned runs, dones, destroys;
    } * marks;
};

static struct test_job *test_job_of(struct ssh_job *job)
{
    return CONTAINER_OF(job, struct test_job, base);
}

static void run(struct ssh_job *job)
{
    test_job_of(job)->marks->runs++;
}

static void done(struct ssh_job *job)
{
    assert_int_equal(test_job_of(job)->marks->destroys, 0);
    test_job_of(job)->marks->dones++;
}

static void destroy(struct ssh_job *job)
{
    test_job_of(job)->marks->destroys++;
    mem_free(test_job_of(job));
}

static struct ssh_job *new_job(struct marks *marks)
{
    struct test_job *j = mem_zalloc(sizeof *j);
    assert_non_null(j);
    *marks = (struct marks){0};
    j->marks = marks;
    j->base.run = run;
    j->base.done = done;
    j->base.destroy = destroy;
    return &j->base;
}

static void expect_marks(const struct marks *m, unsigned runs, unsigned dones, unsigned destroys)
{
    assert_int_equal(m->runs, runs);
    assert_int_equal(m->dones, dones);
    assert_int_equal(m->destroys, destroys);
}

static void log_in(struct pair *p, void **state)
{
    pair_init(p, state);
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
    p->keep_jobs = true;
}

static void a_job_goes_out_and_comes_back(void **state)
{
    struct pair p;
    struct marks m;
    log_in(&p, state);
    ssh_job_start(p.server.ssh, new_job(&m));
    struct list *link = list_pop_first(&p.server.jobs);
    assert_non_null(link);
    struct ssh_job *job = ssh_job_of_link(link);
    assert_ptr_equal(ssh_job_link(job), link);
    assert_false(ssh_job_is_login(job));
    ssh_run(p.server.ssh, p.now_ns);
    assert_true(ssh_deadline(p.server.ssh) > p.now_ns);
    ssh_job_run(job);
    expect_marks(&m, 1, 0, 0);
    ssh_job_done(job);
    expect_marks(&m, 1, 1, 1);
    assert_true(ssh_deadline(p.server.ssh) <= p.now_ns); /* there may be something to do now */
    pair_free(&p);
}

static void without_an_owner_for_jobs_they_run_at_once(void **state)
{
    struct pair p;
    struct marks m;
    log_in(&p, state);
    p.server.ssh->events.job = NULL;
    ssh_job_start(p.server.ssh, new_job(&m));
    expect_marks(&m, 1, 1, 1);
    pair_free(&p);
}

static void before_the_login_they_say_so(void **state)
{
    struct pair p;
    struct marks m;
    pair_init(&p, state);
    pair_start(&p);
    ssh_job_start(p.server.ssh, new_job(&m));
    assert_true(ssh_job_is_login(ssh_job_of_link(list_first(&p.server.jobs))));
    pair_free(&p);
    expect_marks(&m, 0, 0, 1);
}

static void after_the_end_nobody_hears_of_them(void **state)
{
    struct pair p;
    struct marks m;
    log_in(&p, state);
    ssh_job_start(p.server.ssh, new_job(&m));
    ssh_disconnect(p.server.ssh, "enough");
    pair_do_jobs(&p.server);
    expect_marks(&m, 1, 0, 1);
    ssh_job_start(p.client.ssh, new_job(&m));
    struct ssh_job *job = ssh_job_of_link(list_pop_first(&p.client.jobs));
    pair_free(&p);
    ssh_job_run(job);
    ssh_job_done(job);
    expect_marks(&m, 1, 0, 1);
}

static void an_engine_may_go_before_its_jobs(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.keep_jobs = true;
    pair_start(&p);
    pair_run(&p);
    assert_int_equal(p.server.jobs_seen, 1);
    assert_true(ssh_input_is_paused(p.server.ssh));
    uint8_t *room;
    assert_int_equal(ssh_input_room(p.server.ssh, &room), 0);
    pair_free(&p); /* the job is done afterwards */

    pair_init(&p, state);
    p.keep_jobs = true;
    pair_start(&p);
    pair_run(&p);
    ssh_disconnect(p.server.ssh, "no patience");
    pair_do_jobs(&p.server);
    assert_int_equal(p.server.keys_exchanged, 0);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_goes_out_and_comes_back),
        cmocka_unit_test(without_an_owner_for_jobs_they_run_at_once),
        cmocka_unit_test(before_the_login_they_say_so),
        cmocka_unit_test(after_the_end_nobody_hears_of_them),
        cmocka_unit_test(an_engine_may_go_before_its_jobs),
    };
    return cmocka_run_group_tests_name("ssh/jobs", tests, pair_group_setup, pair_group_teardown);
}
