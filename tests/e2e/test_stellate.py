"""What Stellate changed Viceroy for: tests/e2e/stellate/README.md says what, and each is a named test there."""

from harness import assert_equal, assert_in, assert_matches, test
from results import Summary


def stellate(t, guest, *args, **options):
    t.copy("tests/e2e/stellate", "stellate")
    return t.run("test", "--service", t.guest(guest), "stellate", *args, **options)


@test
def the_eleven_over_a_rust_guest(t):
    done = stellate(t, "rust-todo", code=0)
    assert_equal((Summary(done).counts, Summary(done).requests), ((210, 0), 817))


@test
def the_eleven_over_a_javascript_guest(t):
    done = stellate(t, "js-todo", code=0)
    assert_equal((Summary(done).counts, Summary(done).requests), ((210, 0), 817))


@test
def each_of_the_eleven_has_a_name(t):
    listed = stellate(t, "rust-todo", "--list", code=0).out
    for number in range(1, 12):
        assert_matches(r"^stellate/todo\.test\.ts:\d+: %d\. " % number, listed)


@test
def who_forgets_to_wait_is_told_of_late_errors_all_the_same(t):
    t.write("a.test.ts", 'import { expect, it, service } from "backlot:test";\n'
            'it("forgets", async () => expect((await service.fetch("/late")).status).toBe(200));\n')
    done = t.run("test", "--service", t.guest("rust-todo"), "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (0, 1))
    assert_in("GET http://localhost/late: ", done.out)
    assert_in("todo::main", done.out)
    assert_in("a bug that shows when the client has its answer", done.out)
