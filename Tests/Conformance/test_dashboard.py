"""The dashboard in a real browser: what people see and do, and what nobody may do through it."""

import concurrent.futures
import http.client
import json
import re
import time

import pytest
import requests

from browser import Browser
from harness import TOOLS, Server, api_of, discard, eventually, truss_files

PORT = 8160
BASE = f"http://localhost:{PORT}"

MODEL = """
import logging

class Model:
    def __init__(self, **kwargs):
        pass

    def load(self):
        logging.warning("loaded <b>VERSION</b>")

    def predict(self, model_input):
        logging.info("asked for %s", model_input.get("name"))
        return {"version": "VERSION", "hello": model_input.get("name")}
"""


@pytest.fixture(scope="module")
def site(scratch):
    server = Server(scratch / "dashboard", port=PORT, inference_port=0, arguments=TOOLS).start()
    yield server
    server.stop()
    discard(server.data)


@pytest.fixture(scope="module")
def api(site):
    return api_of(site)


@pytest.fixture(scope="module")
def browser(site):
    window = Browser(BASE)
    yield window
    window.quit()


@pytest.fixture(scope="module")
def pushed(api):
    """A model whose first build takes a while: what does not need it is tested meanwhile."""
    return api.pushed("greeter", truss_files("greeter", MODEL, "1"), status=None)


@pytest.fixture(scope="module")
def greeter(api, pushed):
    """The model with one deployment that serves and a second one that could."""
    model, first = pushed
    api.wait(model, first, "ACTIVE")
    files = truss_files("greeter", MODEL, "2", config='model_metadata: {team: "<i>ours</i>"}')
    key = api.upload(files)
    source = {"kind": "model_archive", "deployment": {"config": {"model_name": "greeter"}}, "s3_key": key}
    second = api.post(f"/v1/models/{model}/deployments", {"source": source})["deployment"]["id"]
    api.wait(model, second, "ACTIVE")
    return model, first, second


@pytest.fixture
def signed_in(browser, api):
    if not browser.driver.get_cookie(f"slipway_session_{PORT}"):
        browser.sign_in(api.key)
        assert browser.path == "/"
    browser.complaints()
    return browser


def session_of(key):
    """A session without a browser, and the token its forms carry."""
    session = requests.Session()
    page = session.get(f"{BASE}/sign-in").text
    answer = session.post(f"{BASE}/sign-in", data={"key": key, "csrf": token_in(page)}, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return session, token_in(session.get(BASE).text)


def token_in(page):
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', page).group(1)


def test_the_empty_overview_says_what_to_do_next(signed_in):
    signed_in.open("/")
    assert "slipway push" in signed_in.text("main")


def test_a_push_appears_on_the_open_overview_by_itself(signed_in, request):
    signed_in.open("/")
    eventually(lambda: signed_in.driver.execute_script("return document.documentElement.dataset.live") == "on")
    signed_in.driver.execute_script("window.isTheSame = true")
    request.getfixturevalue("pushed")
    signed_in.sees("greeter", "#models")
    assert signed_in.driver.execute_script("return window.isTheSame"), "the page was loaded again"


def test_without_a_session_every_page_leads_to_the_sign_in(site):
    for path in ("/", "/models/x", "/models/x/deployments/y/logs", "/secrets", "/api-keys", "/audit", "/machine"):
        answer = requests.get(BASE + path, allow_redirects=False)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in"), path
    assert requests.get(f"{BASE}/events?models=all").status_code == 401
    assert requests.get(f"{BASE}/session").status_code == 401


def test_a_wrong_key_says_nothing_of_what_is_wrong(browser, api):
    browser.driver.delete_all_cookies()
    invoke = api.post("/v1/api_keys", {"type": "WORKSPACE_INVOKE", "name": "caller"})["api_key"]
    right = api.key
    wrong = ["x", right[:-1] + ("a" if right[-1] != "a" else "b"), "aaaaaaaa" + right[8:], invoke]
    messages = set()
    for key in wrong:
        browser.sign_in(key)
        assert browser.path == "/sign-in"
        messages.add(browser.text("[role=alert]"))
    assert messages == {"This key cannot sign in. Use a personal or workspace key that may manage models."}
    assert not browser.driver.get_cookie(f"slipway_session_{PORT}")


def test_signing_in_leads_where_the_person_wanted_to_go_and_the_cookie_is_closed_to_scripts(browser, api):
    browser.driver.delete_all_cookies()
    browser.open("/secrets")
    browser.fill("#key", api.key)
    browser.send("button.primary")
    assert browser.path == "/secrets"
    cookie = browser.driver.get_cookie(f"slipway_session_{PORT}")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["path"] == "/"
    assert cookie["value"] not in browser.driver.page_source
    browser.send("form[action='/sign-out'] button")
    assert browser.path == "/sign-in"
    browser.open("/secrets")
    assert browser.path.startswith("/sign-in")
    assert requests.get(f"{BASE}/session", cookies={cookie["name"]: cookie["value"]}).status_code == 401


def test_signing_in_never_leads_to_another_server(site, api):
    for target in ("https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"):
        session = requests.Session()
        token = token_in(session.get(f"{BASE}/sign-in").text)
        answer = session.post(
            f"{BASE}/sign-in", data={"key": api.key, "csrf": token, "next": target}, allow_redirects=False
        )
        assert answer.headers["Location"] == "/"


def test_a_session_over_tls_is_for_tls_alone(site, api):
    """The gateway says how the client came, and clients cannot say it themselves."""
    session = requests.Session()
    page = session.get(f"{BASE}/sign-in", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" not in page.headers["Set-Cookie"]


def test_a_key_is_shown_once_and_its_end_ends_its_session(signed_in, api):
    signed_in.open("/api-keys")
    signed_in.fill("#make-name", "<u>second</u>")
    signed_in.driver.execute_script("document.getElementById('make-type').value = 'PERSONAL'")
    signed_in.send("form.stack button.primary")
    if "New API key" not in signed_in.text("h1"):
        # Names of keys have rules of their own.
        signed_in.fill("#make-name", "second")
        signed_in.send("form.stack button.primary")
    key = signed_in.text("#new-key")
    assert re.fullmatch(r"\w{8}\.\w{32}", key)
    signed_in.open("/api-keys")
    assert key not in signed_in.driver.page_source and key[:8] in signed_in.text("table")
    session, token = session_of(key)
    assert session.get(f"{BASE}/session").status_code == 204
    assert api.call("DELETE", f"/v1/api_keys/{key[:8]}").status_code == 200
    assert session.get(f"{BASE}/session").status_code == 401
    answer = session.post(f"{BASE}/secrets", data={"csrf": token, "name": "a", "value": "b"}, allow_redirects=False)
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in")
    assert "a" not in [secret["name"] for secret in api.get("/v1/secrets")["secrets"]]
    signed_in.complaints()


def test_secrets_are_written_and_never_shown(signed_in, api):
    signed_in.open("/secrets")
    signed_in.fill("#set-name", "token")
    signed_in.fill("#set-value", "very-secret-value")
    signed_in.send("section button.primary")
    assert "was stored" in signed_in.text(".notice") and "token" in signed_in.text("table")
    assert "very-secret-value" not in signed_in.driver.page_source
    signed_in.press("#secret-0 summary")
    signed_in.send("#secret-0 button")
    assert api.get("/v1/secrets")["secrets"] == []


def test_forms_with_fields_that_nobody_asked_for_are_refused(site, api):
    session, token = session_of(api.key)
    answer = session.post(f"{BASE}/secrets", data={"csrf": token, "name": "a", "value": "b", "team": "x"})
    assert answer.status_code == 400 and "team: this page takes no such field." in answer.text
    answer = session.post(
        f"{BASE}/secrets", data="csrf=%zz", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 400


def test_every_answer_forbids_what_pages_do_not_need(site, api):
    session, _ = session_of(api.key)
    for path in ("/", "/sign-in", "/nothing", "/models/none", "/secrets"):
        headers = session.get(BASE + path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_the_colours_are_a_choice_that_stays(signed_in):
    signed_in.open("/audit")
    for theme in ("light", "dark", "auto"):
        signed_in.send("form[action='/theme'] button")
        assert signed_in.path == "/audit"
        assert signed_in.find("html").get_attribute("data-theme") == theme
    assert signed_in.accessibility() == []


def test_the_first_page_is_small_and_kept(signed_in, api):
    session, _ = session_of(api.key)
    page = session.get(BASE)
    addresses = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text))
    folder = next(iter(addresses)).rsplit("/", 1)[0]
    addresses |= {f"{folder}/{name}" for name in ("times.js", "live.js", "logs.js")}
    answers = [session.get(BASE + address) for address in addresses]
    assert all(answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"] for answer in answers)
    assert len(page.content) + sum(len(answer.content) for answer in answers) <= 100_000
    again = session.get(answers[0].url, headers={"If-None-Match": answers[0].headers["ETag"]})
    assert again.status_code == 304 and not again.content
    assert requests.get(f"{BASE}/assets/old/app.css").status_code == 404


def test_everything_works_without_scripts(api, pushed):
    window = Browser(BASE, scripts=False)
    try:
        window.open("/sign-in")
        window.fill("#key", api.key)
        window.find("button.primary").click()
        assert "greeter" in window.find("main").text
        window.open("/secrets")
        window.fill("#set-name", "plain")
        window.fill("#set-value", "value")
        window.find("section button.primary").click()
        assert "plain" in window.find("table").text
        window.find("#secret-0 summary").click()
        window.find("#secret-0 button").click()
        assert "No secrets yet." in window.find("main").text
    finally:
        window.quit()


def test_the_end_of_a_build_appears_on_the_open_page_by_itself(signed_in, pushed):
    signed_in.open(f"/models/{pushed[0]}")
    signed_in.sees("Active", "#environments", seconds=90)
    assert "deployment-1" in signed_in.text("#environments")


def test_search_and_pages(signed_in, greeter):
    signed_in.open("/?q=GREE")
    assert "greeter" in signed_in.text("#models")
    signed_in.open("/?q=%25")
    assert "No model has “%” in its name." in signed_in.text("#models")
    signed_in.open("/?page=2")
    assert "There are no models on this page." in signed_in.text("#models")
    signed_in.open("/?unknown=1")
    assert "takes no such field" in signed_in.text("main")


def test_times_are_in_the_zone_of_the_viewer_and_in_utc_without_scripts(signed_in, greeter, api):
    signed_in.zone("Asia/Kolkata")
    signed_in.open(f"/models/{greeter[0]}")
    shown = signed_in.text("#deployments time")
    moment = signed_in.find("#deployments time").get_attribute("datetime")
    assert "GMT+5:30" in shown and "GMT+5:30" in signed_in.text(".foot") and moment.endswith("Z")
    signed_in.zone("UTC")
    session, _ = session_of(api.key)
    page = session.get(f"{BASE}/models/{greeter[0]}").text
    assert f'<time datetime="{moment}">{moment[:10]} {moment[11:19]} UTC</time>' in page


def test_a_promotion_shows_its_plan_first_then_its_progress_then_the_way_back(signed_in, api, greeter):
    model, first, second = greeter
    signed_in.open(f"/models/{model}/deployments/{second}")
    assert "Promote to production…" in signed_in.text("#state")
    signed_in.send(f"a[href$='promote?deployment={second}']")
    plan = signed_in.text("main")
    assert "All traffic of production moves to it in one step." in plan
    assert "model_metadata.team" in plan and "<i>ours</i>" in plan and "model/model.py" in plan
    promotions = f"/v1/models/{model}/environments/production/promotions"
    assert len(api.get(promotions)["promotions"]) == 1, "the plan changed something"
    signed_in.send("form.stack button.primary")
    assert signed_in.path == f"/models/{model}/environments/production"
    assert "is being promoted to production." in signed_in.text(".notice")
    eventually(lambda: signed_in.text("#history").count("Succeeded") == 2, what=lambda: signed_in.text())
    signed_in.sees("Return to deployment-1", "#now")
    assert f"deployment={first}" in signed_in.all("#now a.button")[1].get_attribute("href")
    current = api.get(f"/v1/models/{model}/environments/production")["current_deployment"]
    assert current["id"] == second


def test_a_running_promotion_can_be_canceled(signed_in, api, greeter):
    model, first, _ = greeter
    settings = {"promotion_settings": {"ramp_up_while_promoting": True, "ramp_up_duration_seconds": 3000}}
    api.call("PATCH", f"/v1/models/{model}/environments/production", json=settings)
    signed_in.open(f"/models/{model}/environments/production/promote?deployment={first}")
    signed_in.send("form.stack button.primary")
    signed_in.sees("Ramping up", "#now", seconds=60)
    signed_in.send("form[action$='/cancel_promotion'] button")
    assert "canceled" in signed_in.text(".notice")
    signed_in.sees("Canceled", "#history")
    settings["promotion_settings"]["ramp_up_while_promoting"] = False
    api.call("PATCH", f"/v1/models/{model}/environments/production", json=settings)


def test_a_wrong_setting_is_told_at_its_field_and_what_was_typed_stays(signed_in, api, greeter):
    model, _, second = greeter
    signed_in.open(f"/models/{model}/deployments/{second}")
    signed_in.fill("#autoscaling-autoscaling_window", "5")
    signed_in.fill("#autoscaling-max_replica", "3")
    signed_in.send("form[action$='/autoscaling'] button")
    field = signed_in.find("#autoscaling-autoscaling_window")
    assert field.get_attribute("aria-invalid") == "true" and field.get_attribute("value") == "5"
    assert "must be from 10 to 3600, not 5." in signed_in.text("#autoscaling-autoscaling_window-help")
    assert signed_in.find("#autoscaling-max_replica").get_attribute("value") == "3"
    signed_in.fill("#autoscaling-autoscaling_window", "120")
    signed_in.send("form[action$='/autoscaling'] button")
    assert "The settings were changed." in signed_in.text(".notice")
    settings = api.deployment(model, second)["autoscaling_settings"]
    assert (settings["autoscaling_window"], settings["max_replica"]) == (120, 3)
    assert not [line for line in signed_in.complaints() if "400" not in line]


def test_two_who_change_one_setting_hear_of_each_other(signed_in, api, greeter):
    model, _, second = greeter
    page = f"/models/{model}/deployments/{second}"
    signed_in.open(page)
    signed_in.fill("#autoscaling-scale_down_delay", "111")
    path = f"/v1/models/{model}/deployments/{second}/autoscaling_settings"
    assert api.call("PATCH", path, json={"scale_down_delay": 222}).status_code == 200
    signed_in.send("form[action$='/autoscaling'] button")
    assert "Nothing was overwritten." in signed_in.text("[role=alert]")
    assert api.deployment(model, second)["autoscaling_settings"]["scale_down_delay"] == 222
    assert signed_in.find("#autoscaling-scale_down_delay").get_attribute("value") == "111"
    signed_in.send("form[action$='/autoscaling'] button")
    assert api.deployment(model, second)["autoscaling_settings"]["scale_down_delay"] == 111
    signed_in.complaints()


def test_logs_are_searched_and_followed(signed_in, api, greeter):
    model, _, second = greeter
    logs = f"/models/{model}/deployments/{second}/logs"
    signed_in.open(logs)
    assert "loaded <b>2</b>" in signed_in.text("#log-lines")
    signed_in.fill("#q", "loaded <b>")
    signed_in.send("form[role=search] button")
    lines = signed_in.all("#log-lines li")
    assert lines and all("loaded <b>" in line.text for line in lines) and not signed_in.all("#log-lines b")
    signed_in.open(logs + "?q=(&regex=true")
    assert signed_in.text("#q-help")
    signed_in.open(logs + "?level=WARNING&q=Completed")
    assert "No line matches." in signed_in.text("#log-empty")
    signed_in.open(logs)
    eventually(lambda: signed_in.driver.execute_script("return document.documentElement.dataset.live") == "on")
    target = f"http://localhost:{PORT}/model/{model}/deployment/{second}/predict"
    assert api.session.post(target, json={"name": "follower"}, timeout=60).status_code == 200
    signed_in.sees("asked for follower", "#log-lines", seconds=10)


def test_the_playground_predicts_with_the_rights_of_the_person(signed_in, greeter):
    model, _, _ = greeter
    signed_in.open(f"/models/{model}/playground")
    signed_in.fill("#playground-body", "{no json")
    signed_in.send("form.stack button.primary")
    assert "this is not JSON" in signed_in.text("#playground-body-help")
    signed_in.complaints()
    body = """{"name": "<script>it's\\n\\"me\\"</script>"}"""
    signed_in.fill("#playground-body", body)
    signed_in.send("form.stack button.primary")
    assert "200" in signed_in.text("#content .lead")
    assert "<script>it's" in signed_in.text("#answer")
    assert "$SLIPWAY_API_KEY" in signed_in.text("#curl") and f"/model/{model}/production/predict" in signed_in.text("#curl")
    source = signed_in.driver.execute_script("return document.getElementById('python').textContent")
    compile(source, "snippet", "exec")


REDIRECTS = """
from starlette.responses import RedirectResponse

class Model:
    def predict(self, x):
        return RedirectResponse(x["to"], status_code=x["code"])
"""


def test_the_playground_follows_no_model_elsewhere(site, api, greeter):
    """A model's redirect would be followed with the key of whoever tries it."""
    model, _, second = greeter
    hostile, deployment = api.pushed("elsewhere", truss_files("elsewhere", REDIRECTS))
    session, token = session_of(api.key)
    for code, path in [(307, f"models/{model}/deployments/{second}/deactivate"), (302, "api_keys")]:
        body = json.dumps({"to": f"http://127.0.0.1:{PORT}/v1/{path}", "code": code})
        data = {"csrf": token, "target": f"deployment/{deployment}", "body": body}
        page = session.post(f"{BASE}/models/{hostile}/playground", data=data)
        assert page.status_code == 200 and f">{code}<" in page.text and "prefix" not in page.text, page.text
    assert api.deployment(model, second)["status"] != "INACTIVE"


def test_a_session_predicts_so_much_at_once(site, api, greeter):
    slow, deployment = api.pushed("slow", truss_files("slow", SLOW))
    session, token = session_of(api.key)

    def predict(model, target, body):
        data = {"csrf": token, "target": target, "body": body}
        return session.post(f"{BASE}/models/{model}/playground", data=data, timeout=60).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(predict, slow, f"deployment/{deployment}", "3") for _ in range(8)]
        # Another person's are not held up.
        other, csrf = session_of(api.key)
        data = {"csrf": csrf, "target": "production", "body": "{}"}
        assert other.post(f"{BASE}/models/{greeter[0]}/playground", data=data, timeout=30).status_code == 200
        assert sorted(call.result() for call in calls) == [200] * 4 + [503] * 4


SLOW = """
import time
class Model:
    def predict(self, seconds):
        time.sleep(seconds)
        return seconds
"""


def test_a_button_that_is_refused_says_why(site, api, greeter):
    session, token = session_of(api.key)
    answer = session.post(f"{BASE}/models/{greeter[0]}/environments/production/pause_promotion", data={"csrf": token})
    assert answer.status_code == 400 and 'role="alert"' in answer.text and "in progress" in answer.text, answer.text
    answer = session.post(f"{BASE}/secrets/delete", data={"csrf": token})
    assert answer.status_code == 400 and answer.text.count('role="alert"') == 1


def test_stale_forms_overwrite_nothing(site, api, greeter):
    model, first, second = greeter
    session, token = session_of(api.key)
    page = f"{BASE}/models/{model}/environments/production"
    was = re.search(r'name="was" value="([^"]*)"', session.get(page).text).group(1)
    settings = {"promotion_settings": {"promotion_cleanup_strategy": "DEACTIVATE"}}
    path = f"/v1/models/{model}/environments/production"
    assert api.call("PATCH", path, json=settings).status_code == 200
    numbers = {
        "ramp_up_duration_seconds": 600, "rolling_deploy_config.max_surge_percent": 10,
        "rolling_deploy_config.max_unavailable_percent": 0, "rolling_deploy_config.stabilization_time_seconds": 0,
        "rolling_deploy_config.replica_overhead_percent": 0,
    }  # fmt: skip
    data = {"csrf": token, "mode": "swap", "promotion_cleanup_strategy": "KEEP", **numbers}
    stale = session.post(f"{page}/settings", data=data | {"was": was})
    assert stale.status_code == 409 and "Nothing was overwritten" in stale.text
    assert api.get(path)["promotion_settings"]["promotion_cleanup_strategy"] == "DEACTIVATE"
    was = re.search(r'name="was" value="([^"]*)"', session.get(page).text).group(1)
    empty = session.post(f"{page}/settings", data=data | {"was": was, "ramp_up_duration_seconds": ""})
    assert empty.status_code == 400 and "must not be empty" in empty.text
    saved = session.post(f"{page}/settings", data=data | {"was": was}, allow_redirects=False)
    assert saved.status_code == 303, saved.text
    # A plan is one of replacing what served when it was shown.
    plan = {"csrf": token, "deployment": second, "same_machine": "true", "was": "another"}
    refused = session.post(f"{page}/promote", data=plan)
    assert refused.status_code == 409 and "Nothing was overwritten" in refused.text


def raw(path, session, **headers):
    """The status of a request whose path is sent as it is: other clients mend it."""
    connection = http.client.HTTPConnection("localhost", PORT, timeout=10)
    name = f"slipway_session_{PORT}"
    connection.request("GET", path, headers={"Cookie": f"{name}={session.cookies[name]}", **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def test_event_streams_are_bounded_and_told_from_pages(site, api):
    session, _ = session_of(api.key)
    events = {"Accept": "text/event-stream"}
    assert session.get(f"{BASE}/events?models=all").status_code == 406
    assert raw("/events?models=%zz", session, **events) == 400
    for query in ("foo=1", "&".join(f"model={n}" for n in range(30))):
        assert session.get(f"{BASE}/events?{query}", headers=events).status_code == 400, query
    streams = [session.get(f"{BASE}/events?models=all", headers=events, stream=True) for _ in range(31)]
    assert [stream.status_code for stream in streams] == [200] * 30 + [503]
    other, _ = session_of(api.key)
    more = other.get(f"{BASE}/events?models=all", headers=events, stream=True)
    assert more.status_code == 200
    for stream in [*streams, more]:
        stream.close()


def test_odd_requests_get_answers(site, api):
    session, token = session_of(api.key)
    assert session.head(f"{BASE}/secrets").status_code == 200 and session.head(f"{BASE}/nothing").status_code == 404
    assert raw("/?q=%zz", session) == 400 and session.get(f"{BASE}/?q=%00").status_code == 400
    large = requests.post(f"{BASE}/sign-in", data={"key": "x" * 100_000})
    assert large.status_code == 413 and "too large" in large.text
    many = session.post(f"{BASE}/secrets", data="&".join(["a"] * 5000), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert many.status_code == 400 and "more than 2000 fields" in many.text
    # A cookie that somebody else has put before the good one keeps nobody out.
    name = f"slipway_session_{PORT}"
    both = {"Cookie": f"{name}=bad; {name}={session.cookies[name]}"}
    assert requests.get(f"{BASE}/secrets", headers=both, allow_redirects=False).status_code == 200


def test_what_was_measured_is_drawn(signed_in, greeter):
    model, _, second = greeter
    eventually(
        lambda: signed_in.open(f"/models/{model}/deployments/{second}/metrics") and signed_in.all("#charts svg[role=img]"),
        20, every=1,
    )  # fmt: skip
    assert "Requests per minute" in signed_in.text("#charts") and "p95" in signed_in.text("#charts")
    signed_in.open(f"/models/{model}/deployments/{second}/metrics?range=168")
    assert "Requests per minute" in signed_in.text("#charts")


def test_members_see_and_do_what_their_role_allows(site, api, greeter):
    made = api.post("/v1/users", {"email": "ann@example.com", "role": "MEMBER"})
    session, token = session_of(made["api_key"])
    page = session.get(f"{BASE}/members").text
    assert "Admins add members." in page and 'id="add-email"' not in page
    data = {"csrf": token, "email": "eve@example.com", "role": "ADMIN"}
    assert session.post(f"{BASE}/members", data=data).status_code == 403
    group = {"manage_access": {"is_restricted": True, "user_ids": []}}
    assert api.call("PATCH", "/v1/environment_groups/production", json=group).status_code == 200
    try:
        place = f"{BASE}/models/{greeter[0]}/environments/production"
        assert "/promote" not in session.get(place).text
        answer = session.post(f"{place}/promote", data={"csrf": token, "deployment": greeter[1]})
        assert answer.status_code == 403 and "restricted" in answer.text
        data = {"csrf": token, "restricted": "true"}
        assert session.post(f"{BASE}/environments/production", data=data).status_code == 403
    finally:
        group["manage_access"]["is_restricted"] = False
        api.call("PATCH", "/v1/environment_groups/production", json=group)


def test_forms_of_other_sites_are_refused(site, api, greeter):
    session, token = session_of(api.key)
    delete = f"{BASE}/models/{greeter[0]}/delete"
    for data, headers in [
        ({"csrf": ""}, {}), ({"csrf": "0" * 64}, {}), ({"csrf": token[:-1]}, {}),
        ({"csrf": token}, {"Origin": "https://elsewhere.example"}),
        ({"csrf": token}, {"Sec-Fetch-Site": "cross-site"}), ({"csrf": token}, {"Sec-Fetch-Site": "same-site"}),
    ]:  # fmt: skip
        assert session.post(delete, data=data, headers=headers).status_code == 403, (data, headers)
    other, _ = session_of(api.key)
    assert other.post(delete, data={"csrf": token}).status_code == 403, "a token of another session"
    assert session.post(delete, json={"csrf": token}).status_code == 400
    assert session.get(delete).status_code in (404, 405)
    api.get(f"/v1/models/{greeter[0]}")
    # Nor does another site sign anybody in.
    key = {"key": api.key, "csrf": "0" * 64}
    assert requests.post(f"{BASE}/sign-in", data=key).status_code == 403
    # A cookie is no key: the API does not look at it.
    assert session.get(f"{BASE}/v1/models").status_code == 401


def test_names_that_are_markup_are_text(signed_in, api, greeter):
    model = greeter[0]
    name = "<img src=x onerror=alert(1)>\"'&"
    assert api.call("PATCH", f"/v1/models/{model}", json={"name": name}).status_code == 200
    try:
        for path in ("/", f"/models/{model}", f"/models/{model}/environments/production", "/audit", "/api-keys",
                     f"/models/{model}/playground", "/?q=%3Cscript%3Ealert(1)%3C/script%3E"):  # fmt: skip
            signed_in.open(path)
            assert not signed_in.all("main img, main script"), path
        signed_in.open(f"/models/{model}")
        assert signed_in.text("h1") == name
        assert signed_in.find("#rename-name").get_attribute("value") == name
        assert signed_in.complaints() == []
    finally:
        api.call("PATCH", f"/v1/models/{model}", json={"name": "greeter"})


def pages(greeter):
    model, _, second = greeter
    deployment = f"/models/{model}/deployments/{second}"
    return [
        "/", f"/models/{model}", f"/models/{model}/environments/production",
        f"/models/{model}/environments/production/promote?deployment={greeter[1]}", deployment,
        f"{deployment}/logs", f"{deployment}/metrics", f"/models/{model}/playground", "/secrets", "/api-keys",
        "/members", "/environments", "/audit", "/machine",
    ]  # fmt: skip


def test_every_page_is_accessible_in_both_colours_and_fits_narrow_screens(signed_in, greeter):
    for path in pages(greeter):
        signed_in.size(1440).open(path)
        for width, scheme in ((1440, "light"), (360, "dark")):
            signed_in.size(width)
            signed_in.scheme(scheme)
            assert signed_in.accessibility() == [], (path, width, scheme)
            wide = signed_in.driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, (path, width)
    signed_in.size(1440)
    assert signed_in.complaints() == []


def test_a_page_outlives_a_restart_of_the_server(signed_in, site, api, greeter):
    signed_in.open("/")
    eventually(lambda: signed_in.driver.execute_script("return document.documentElement.dataset.live") == "on")
    start = time.monotonic()
    site.stop()
    assert time.monotonic() - start < 10, "the open page held the server up"
    signed_in.sees("Connection lost, trying again", "#connection")
    site.start()
    eventually(lambda: not signed_in.find("#connection").is_displayed(), 20)
    # What it missed is fetched by now: what follows must be told.
    time.sleep(2)
    api.call("PATCH", f"/v1/models/{greeter[0]}", json={"name": "renamed"})
    signed_in.sees("renamed", "#models")
    api.call("PATCH", f"/v1/models/{greeter[0]}", json={"name": "greeter"})
    signed_in.complaints()


def test_an_open_page_goes_on_with_a_server_that_takes_over(signed_in, site, api, greeter):
    signed_in.open("/")
    eventually(lambda: signed_in.driver.execute_script("return document.documentElement.dataset.live") == "on")
    signed_in.driver.execute_script("window.isTheSame = true")
    old = site.process
    after = Server(site.data, port=PORT, inference_port=0, arguments=(*TOOLS, "--take-over")).start()
    site.process = after.process
    assert old.wait(timeout=30) == 0, "the open page held the old server up"
    api.call("PATCH", f"/v1/models/{greeter[0]}", json={"name": "taken"})
    signed_in.sees("taken", "#models")
    assert signed_in.driver.execute_script("return window.isTheSame"), "the page was loaded again"
    api.call("PATCH", f"/v1/models/{greeter[0]}", json={"name": "greeter"})
    signed_in.complaints()


def test_attempts_to_sign_in_are_limited(site):
    session = requests.Session()
    token = token_in(session.get(f"{BASE}/sign-in").text)
    answers = [
        session.post(f"{BASE}/sign-in", data={"key": "wrong", "csrf": token}) for _ in range(30)
    ]  # fmt: skip
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) >= 1
