// What `slipway init` writes.

import ArgumentParser

enum Template: String, ExpressibleByArgument, CaseIterable, Sendable {
    case python
    case streaming
    case customServer = "custom-server"
    case openai

    /// Texts by path.
    func files(model: String) -> [(name: String, text: String)] {
        let config = "model_name: \"\(model)\"\n" + settings + Self.resources
        let code: [(name: String, text: String)] =
            switch self {
            case .python: Self.model(PythonTemplates.python)
            case .streaming: Self.model(PythonTemplates.streaming)
            case .openai: Self.model(PythonTemplates.openai)
            case .customServer: [("data/server.py", PythonTemplates.server)]
            }
        return [("config.yaml", config)] + code
    }

    /// An input that the template answers.
    var example: String {
        switch self {
        case .python, .customServer: #"{"name": "world"}"#
        case .streaming: #"{"count": 3}"#
        case .openai: #"{"messages": [{"role": "user", "content": "Hello"}]}"#
        }
    }

    private static func model(_ text: String) -> [(name: String, text: String)] {
        [("model/__init__.py", ""), ("model/model.py", text)]
    }

    private static let resources = """
        resources:
          cpu: "1"
          memory: 1Gi

        """

    private var settings: String {
        switch self {
        case .python, .streaming, .openai: "requirements: []\n"
        case .customServer:
            """
            docker_server:
              start_command: python3 /app/data/server.py
              server_port: 8000
              predict_endpoint: /predict
              readiness_endpoint: /health
              liveness_endpoint: /health

            """
        }
    }
}
