// What a node says of itself: liveness and the API's description to everybody, metrics and state to operators on a
// listener of their own.

import Base
import HTTP

/// Routes about the node.
public enum NodeRoutes {
  /// Adds liveness and the OpenAPI document of the routes given (and of these two) to them.
  public static func api(_ routes: [Route], version: String, isReady: @escaping () -> Bool) -> RouteTable {
    var table = RouteTable(routes)
    table.add(health(listener: .api, operation: "health", isReady))
    // The document shows itself, so its route is made before its text; the text is made once.
    var text: [UInt8] = []
    let document = Route(
      .get, "/api/v1/openapi.json", access: .open, operation: "openAPI", summary: "This document.",
      answers: [(200, "OpenAPI 3.1.")]
    ) { _ in
      WebResponse(200, contentType: "application/json", bytes: text)
    }
    table.add(document)
    text = table.openAPI(version: version).utf8
    return table
  }

  /// The operators' listener.
  /// - Parameters:
  ///   - metrics: Prometheus' text format.
  ///   - documents: JSON by path, such as `/status`, made when asked for.
  public static func admin(
    metrics: @escaping () -> String, isReady: @escaping () -> Bool,
    documents: [(path: String, operation: String, summary: String, make: () async throws -> JSON)]
  ) -> RouteTable {
    var table = RouteTable([
      health(listener: .admin, operation: "adminHealth", isReady),
      Route(
        .get, "/metrics", access: .open, listener: .admin, operation: "metrics", summary: "Prometheus' text format.",
        answers: [(200, "Metrics.")]
      ) { _ in
        WebResponse(200, contentType: "text/plain; version=0.0.4; charset=utf-8", bytes: [UInt8](metrics().utf8))
      },
    ])
    for document in documents {
      table.add(
        Route(
          .get, document.path, access: .open, listener: .admin, operation: document.operation,
          summary: document.summary, answers: [(200, "JSON.")]
        ) { _ in WebResponse(json: try await document.make()) })
    }
    return table
  }

  private static func health(
    listener: RouteListener, operation: String, _ isReady: @escaping () -> Bool
  ) -> Route {
    Route(
      .get, "/health", access: .open, listener: listener, operation: operation,
      summary: "Whether the node serves.", answers: [(200, "It does."), (503, "It starts or stops.")]
    ) { _ in
      isReady()
        ? WebResponse(json: .object(["status": "ok"])) : WebResponse(503, json: .object(["status": "not ready"]))
    }
  }
}
