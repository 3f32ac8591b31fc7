// Plans: what a plain process takes from the planner's Dockerfile.

import Testing

@testable import SlipwayTruss

@Suite struct PlanTests {
    @Test("layout, installs, environment and start command of a plain Truss")
    func plain() {
        let plan = BuildContextPlan(
            dockerfile: #"""
                ARG PYVERSION=py311
                FROM some/base AS truss_server
                ENV PYTHON_EXECUTABLE="python3"
                ENV HOME=${HOME:-/root}
                ENV APP_HOME=/app
                RUN mkdir -p ${APP_HOME} /control
                # a comment
                RUN grep -w 'ID=debian' /etc/os-release || \
                    { echo "no"; exit 1; }
                COPY --chown=root:root ./constraints.txt constraints.txt
                COPY --chown=root:root ./requirements.txt requirements.txt
                RUN UV_HTTP_TIMEOUT=300 uv pip install --system --python $(which python3) -r requirements.txt -c constraints.txt
                WORKDIR $APP_HOME
                COPY --chown=root:root ./data ${APP_HOME}/data
                COPY --chown=root:root ./server ${APP_HOME}
                COPY --chown=root:root ./packages /packages
                ENV GREETING="say \"hi\" $there"
                ENV INFERENCE_SERVER_PORT="8080"
                COPY --chown=0:0 ./config.yaml ${APP_HOME}/config.yaml
                COPY --chown=root:root ./baseten-ssh-server.sh /usr/local/bin/baseten-ssh-server.sh
                COPY --chown=root:root ./proxy.conf /etc/nginx/conf.d/proxy.conf
                COPY ./x /app/../usr/bin/x
                RUN launch-the-missiles --now
                ENTRYPOINT ["python3", "/app/main.py"]
                """#)
        #expect(
            plan.copies == [
                .init(source: "data", destination: "/app/data"), .init(source: "server", destination: "/app"),
                .init(source: "packages", destination: "/packages"),
                .init(source: "config.yaml", destination: "/app/config.yaml"),
            ])
        #expect(
            plan.installs == [
                .init(requirementFiles: ["requirements.txt"], constraintFiles: ["constraints.txt"])
            ])
        #expect(plan.environment.map(\.name) == ["APP_HOME", "GREETING", "INFERENCE_SERVER_PORT"])
        #expect(plan.environment[1].value == "say \"hi\" $there")
        #expect(plan.entrypoint == ["python3", "/app/main.py"])
        // Nothing is put over the machine's own directories, which would be all that replicas see of them.
        #expect(plan.notes.count == 3)
        #expect(plan.notes[0].contains("/usr/local/bin/baseten-ssh-server.sh has no effect"))
        #expect(plan.notes[1].contains("/app/../usr/bin/x"))
        #expect(plan.notes[2].contains("launch-the-missiles"))
    }

    @Test("environments of the image's own servers are not the model's, and a lock file is exported")
    func otherEnvironments() {
        let plan = BuildContextPlan(
            dockerfile: """
                RUN uv pip install -r /control/requirements.txt --python /control/.env/bin/python
                RUN uv --no-config pip install --python /docker_server/.venv/bin/python -r /app/docker_server_requirements.txt
                RUN uv export --frozen --format requirements-txt > /tmp/uv_requirements.txt && uv pip install -r /tmp/uv_requirements.txt
                """)
        #expect(plan.installs.isEmpty)
        #expect(plan.exportsLock)
        #expect(plan.notes.isEmpty)
    }
}
