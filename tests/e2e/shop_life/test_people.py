"""Who may come in: registering, signing in, sessions, users, staff."""

from tests.e2e.api_client import Client, some, stops_working
from tests.e2e.shapes import SIGNED_IN, STAFF_MEMBER, USER, check, page_of
from tests.e2e.shop_life.conftest import PASSWORD, Life, found_company, open_shop, sign_in


def registration(**more: str) -> dict[str, str]:
    return {"email": f"{some()}@buyers.example", "password": PASSWORD, "role": "customer", **more}


class TestRegistering:
    def test_signs_a_customer_in(self, life: Life) -> None:
        body = registration(name="Buyer")
        answer = check(life.anonymous().post("/api/auth/register", body), SIGNED_IN)
        user = answer["user"]
        assert (user["email"], user["role"], user["companyId"]) == (body["email"], "customer", life.company["id"])
        assert user["customerId"].startswith("cus_")

    def test_gives_no_other_role(self, life: Life) -> None:
        for role in ("company_admin", "shop_staff", "super_admin"):
            life.anonymous().refused(403, None, "POST", "/api/auth/register", registration(role=role))

    def test_takes_an_address_once(self, life: Life) -> None:
        body = registration()
        life.anonymous().post("/api/auth/register", body)
        life.anonymous().refused(409, "email_taken", "POST", "/api/auth/register", body)

    def test_takes_no_weak_password(self, life: Life) -> None:
        for password in ("short77", "x" * 129, "password123"):
            problem = life.anonymous().refused(422, None, "POST", "/api/auth/register", registration(password=password))
            assert [error["field"] for error in problem["errors"]] == ["password"]
        life.anonymous().post("/api/auth/register", registration(password="Test123!"))

    def test_refuses_a_field_that_it_does_not_know(self, life: Life) -> None:
        problem = life.anonymous().refused(422, None, "POST", "/api/auth/register", registration(nmae="typo"))
        assert [error["field"] for error in problem["errors"]] == ["nmae"]


class TestSigningIn:
    def test_keeps_customers_and_staff_apart(self, life: Life) -> None:
        body = registration()
        life.anonymous().post("/api/auth/register", body)
        login = {"email": body["email"], "password": PASSWORD}
        check(life.anonymous().post("/api/auth/login", login, status=200), SIGNED_IN)
        staff = {"email": life.admin_email, "password": PASSWORD}
        life.anonymous().refused(401, None, "POST", "/api/auth/login", staff)
        life.anonymous().refused(401, None, "POST", "/api/auth/login", {**login, "password": "wrong horse 21"})

    def test_refuses_what_is_no_token(self, life: Life) -> None:
        life.admin.other().refused(401, None, "GET", "/api/auth/me")
        life.admin.other().bearing("no.good.token").refused(401, None, "GET", "/api/auth/me")


class TestSessions:
    def test_rotate_and_end_when_an_old_token_comes_again(self, life: Life) -> None:
        visitor = life.anonymous()
        first = visitor.post("/api/auth/register", registration())
        second = visitor.post("/api/auth/refresh", {"refreshToken": first["refreshToken"]}, status=200)
        third = visitor.post("/api/auth/refresh", {"refresh_token": second["refreshToken"]}, status=200)
        assert len({pair["refreshToken"] for pair in (first, second, third)}) == 3
        old = {"refreshToken": first["refreshToken"]}
        visitor.refused(401, "refresh_reused", "POST", "/api/auth/refresh", old)
        visitor.refused(401, None, "POST", "/api/auth/refresh", {"refreshToken": third["refreshToken"]})
        stops_working(life.anonymous().bearing(third["accessToken"]), "/api/auth/me")

    def test_end_with_logout(self, life: Life) -> None:
        customer = life.customer()
        customer.post("/api/auth/logout", status=204)
        stops_working(customer, "/api/auth/me")


class TestUsers:
    def test_are_invited_changed_and_disabled(self, life: Life) -> None:
        body = {"email": f"{some()}@office.example", "name": "Second", "role": "company_admin"}
        user = check(life.admin.post("/api/users", body), USER)
        page = check(life.admin.get("/api/users", limit=100), page_of(USER))
        assert user["id"] in {found["id"] for found in page["items"]}
        change = {"role": "shop_manager", "shopIds": [life.shop["id"]]}
        changed = check(life.admin.patch(f"/api/users/{user['id']}", change), USER)
        assert (changed["role"], changed["shopIds"]) == ("shop_manager", [life.shop["id"]])
        life.admin.delete(f"/api/users/{user['id']}")

    def test_keep_their_last_admin(self, platform: Client) -> None:
        life = found_company(platform)
        own = f"/api/users/{life.admin.get('/api/auth/me')['user']['id']}"
        life.admin.refused(409, "last_admin", "DELETE", own)
        life.admin.refused(409, "last_admin", "PATCH", own, {"role": "shop_manager"})
        assert life.admin.get("/api/auth/me")["role"] == "company_admin"

    def test_of_another_company_are_not_there(self, life: Life, stranger: Life) -> None:
        theirs = f"/api/users/{stranger.admin.get('/api/auth/me')['user']['id']}"
        life.admin.refused(404, None, "PATCH", theirs, {"role": "shop_staff"})
        life.admin.refused(404, None, "DELETE", theirs)


class TestStaff:
    def test_work_in_their_shop_and_are_let_go(self, life: Life) -> None:
        path = f"/api/shops/{life.shop['id']}/staff"
        body = {"email": f"{some()}@staff.example", "password": PASSWORD, "name": "S", "role": "shop_staff"}
        member = check(life.admin.post(path, body), STAFF_MEMBER)
        page = check(life.admin.get(path, limit=100), page_of(STAFF_MEMBER))
        assert member["userId"] in {found["userId"] for found in page["items"]}
        staff = sign_in(life.admin.other(), body["email"])
        assert staff.get("/api/auth/me")["shopIds"] == [life.shop["id"]]
        assert [shop["id"] for shop in staff.get("/api/shops")["items"]] == [life.shop["id"]]
        life.admin.delete(f"{path}/{member['userId']}")

    def test_change_no_product_nor_hire(self, life: Life) -> None:
        staff, path = life.employ(), f"/api/shops/{life.shop['id']}/staff"
        product = {"sku": some("S"), "name": "P", "price": {"amount": 1, "currency": "EUR"}}
        staff.refused(403, "permission_denied", "POST", "/api/products", product)
        hire = {"email": f"{some()}@staff.example", "password": PASSWORD, "name": "S", "role": "shop_staff"}
        staff.refused(403, "permission_denied", "POST", path, hire)

    def test_are_hired_by_their_manager_who_hires_no_manager(self, life: Life) -> None:
        manager, path = life.employ("shop_manager"), f"/api/shops/{life.shop['id']}/staff"
        hire = {"email": f"{some()}@staff.example", "password": PASSWORD, "name": "S", "role": "shop_staff"}
        check(manager.post(path, hire), STAFF_MEMBER)
        equal = {**hire, "email": f"{some()}@staff.example", "role": "shop_manager"}
        manager.refused(403, None, "POST", path, equal)

    def test_see_nothing_of_the_other_shop(self, life: Life) -> None:
        second = open_shop(life, some("s"))
        staff = life.employ(shop_id=second["id"])
        assert [shop["id"] for shop in staff.get("/api/shops")["items"]] == [second["id"]]

    def test_with_an_account_keep_their_password(self, life: Life, stranger: Life) -> None:
        hire = {"email": stranger.admin_email, "password": PASSWORD, "name": "S", "role": "shop_staff"}
        path = f"/api/shops/{life.shop['id']}/staff"
        life.admin.refused(409, "account_exists", "POST", path, hire)
        invited = {name: value for name, value in hire.items() if name != "password"}
        assert check(life.admin.post(path, invited), STAFF_MEMBER)["status"] == "invited"
