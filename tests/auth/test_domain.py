"""Rules of sessions, memberships, tries and passwords, without I/O."""

from datetime import UTC, datetime, timedelta

import pytest

from common.errors import Conflict, Invalid
from services.auth.domain import Membership, Session, Tries, Try, check_password

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def session() -> Session:
    return Session.begin(
        session_id="ses_1",
        company_id=None,
        user_id="usr_1",
        membership_id=None,
        family_hash="family",
        token_hash="first",
        client_ip=None,
        now=NOW,
    )


def member(role: str = "shop_staff", *, is_invited: bool = False) -> Membership:
    return Membership.begin(
        membership_id="mbr_1",
        company_id="cmp_1",
        user_id="usr_1",
        email="a@b.example",
        name=None,
        role=role,  # type: ignore[arg-type]
        shop_ids=["shp_1"],
        is_invited=is_invited,
        now=NOW,
    )


class TestSession:
    def test_judges_by_token_and_time(self) -> None:
        one = session()
        assert one.judge("first", NOW) == "rotate"
        assert one.judge("guess", NOW) == "reused"
        one.rotate("second", "sealed", NOW)
        assert one.judge("first", NOW + timedelta(seconds=9)) == "repeat"
        assert one.judge("first", NOW + timedelta(seconds=10)) == "reused"
        assert one.judge("second", NOW + timedelta(days=29)) == "rotate"
        assert one.judge("second", NOW + timedelta(days=30)) == "expired"

    def test_lives_no_longer_than_ninety_days_whatever_happens(self) -> None:
        one = session()
        one.rotate("second", "sealed", NOW + timedelta(days=80))
        assert one.expires_at == NOW + timedelta(days=90)

    def test_ends_once(self) -> None:
        one = session()
        assert one.end("signed_out", NOW)
        assert not one.end("refresh_reused", NOW)
        assert one.judge("first", NOW) == "ended"
        assert [event.TYPE for event in one.recorded] == ["user.signed_in", "session.revoked"]


class TestMembership:
    def test_is_active_only_after_the_person_accepts(self) -> None:
        one = member(is_invited=True)
        with pytest.raises(Invalid):
            one.change(status="active")
        one.accept()
        one.accept()
        assert (one.status, len(one.recorded)) == ("active", 2)

    def test_must_be_invited_anew_after_its_end(self) -> None:
        one = member()
        one.change(status="disabled")
        with pytest.raises(Conflict):
            one.accept()
        one.invite_again("shop_manager", ["shp_2"])
        assert (one.status, one.role, one.shop_ids, one.has_accepted) == ("invited", "shop_manager", ["shp_2"], False)

    def test_takes_news_of_a_shop_only_forward(self) -> None:
        one = member()
        one.leave_shop("shp_1", 5)
        one.enter_shop("shp_1", 4)
        assert (one.status, one.shop_ids) == ("disabled", [])
        one.enter_shop("shp_1", 6)
        assert (one.status, one.shop_ids) == ("active", ["shp_1"])

    def test_stays_ended_when_an_admin_ended_it(self) -> None:
        one = member()
        one.change(status="disabled")
        one.enter_shop("shp_2", 1)
        assert one.status == "disabled"

    def test_of_an_admin_outlives_the_last_shop(self) -> None:
        one = member("company_admin")
        one.leave_shop("shp_1", 1)
        assert (one.status, one.shop_ids) == ("active", [])


class TestTries:
    def test_say_when_the_oldest_comes_back_and_lock_once_a_window(self) -> None:
        tries = Tries(id="t", company_id=None, created_at=NOW, updated_at=NOW)
        for second in range(10):
            assert not tries.locked_at
            tries.tries.append(Try(id=f"try_{second}", at=NOW + timedelta(seconds=second)))
            now = NOW + timedelta(seconds=second)
            assert tries.fail("usr_1", 10, now) is (second == 9)
        assert not tries.fail(None, 10, NOW + timedelta(seconds=9))
        assert tries.refusal(NOW + timedelta(seconds=10)).retry_after_seconds == 890
        assert len(tries.recorded) == 10


class TestPassword:
    @pytest.mark.parametrize(
        "password", ["Test123!", "correct horse battery staple", "x" * 128, "12345678,qwertyuiop", "пароль-пароль"]
    )
    def test_passes(self, password: str) -> None:
        check_password(password)

    @pytest.mark.parametrize("password", ["1234567", "x" * 129, "password1", "PASSWORD1", "12345678"])
    def test_is_refused(self, password: str) -> None:
        with pytest.raises(Invalid) as refused:
            check_password(password)
        assert (refused.value.code, refused.value.fields[0][0]) == ("weak_password", "password")
