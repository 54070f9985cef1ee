//! Two hundred tests that pass, for measurements: each makes a request, reads a setting and writes a key. None asks for
//! the client's request, which an instance can do once, because hosts that run them in one instance are measured, too.

macro_rules! hundred {
    ($($ten:ident)*) => { $(mod $ten {
        use crate::check;
        #[test] fn t0() { check() }
        #[test] fn t1() { check() }
        #[test] fn t2() { check() }
        #[test] fn t3() { check() }
        #[test] fn t4() { check() }
        #[test] fn t5() { check() }
        #[test] fn t6() { check() }
        #[test] fn t7() { check() }
        #[test] fn t8() { check() }
        #[test] fn t9() { check() }
    })* };
}

hundred!(a0 a1 a2 a3 a4 a5 a6 a7 a8 a9);
hundred!(b0 b1 b2 b3 b4 b5 b6 b7 b8 b9);

fn check() {
    let request = fastly::Request::get("http://service.example/");
    assert_eq!(backlot_guest_tests::visitor(&request), "the world");
    assert!(backlot_guest_tests::count_visit("ann") > 0);
}
