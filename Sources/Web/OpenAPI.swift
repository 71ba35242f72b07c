// The OpenAPI 3.1 document, derived from the route table and therefore true: it cannot show a route that is not
// served, nor hide one that is.

import Base
import HTTP

extension RouteTable {
  /// The document for these routes, as served at `/api/v1/openapi.json`.
  public func openAPI(version: String) -> JSON {
    var paths: [JSON.Member] = []
    for route in routes where route.listener == .api {
      let path = Self.documentPath(route)
      let operation = JSON.Member(route.method.rawValue.lowercased(), Self.operation(route))
      if let index = paths.firstIndex(where: { $0.key == path }), case .object(let members) = paths[index].value {
        paths[index].value = .object(members + [operation])
      } else {
        paths.append(JSON.Member(path, .object([operation])))
      }
    }
    return .object([
      "openapi": "3.1.0", "info": .object(["title": "Marquee", "version": .string(version)]),
      "paths": .object(paths),
      "components": .object([
        "securitySchemes": .object([
          "bearer": .object(["type": "http", "scheme": "bearer", "bearerFormat": "JWT"])
        ]),
        "schemas": .object(["Problem": Self.problemSchema]),
      ]),
    ])
  }

  /// OpenAPI has no parameter of several segments: `{path...}` is shown as `{path}`, and its note says so.
  private static func documentPath(_ route: Route) -> String {
    route.segments.map { segment in
      switch segment {
      case .literal(let text): "/" + text
      case .one(let name), .rest(let name): "/{\(name)}"
      }
    }.joined()
  }

  private static func operation(_ route: Route) -> JSON {
    var members: [JSON.Member] = [
      JSON.Member("operationId", .string(route.operation)), JSON.Member("summary", .string(route.summary)),
    ]
    let parameters = route.segments.compactMap { segment -> JSON? in
      switch segment {
      case .literal: nil
      case .one(let name): parameter(name, "")
      case .rest(let name): parameter(name, "Takes all segments that are left, slashes included.")
      }
    }
    if !parameters.isEmpty { members.append(JSON.Member("parameters", .array(parameters))) }
    if let body = requestBody(route.body) { members.append(JSON.Member("requestBody", body)) }
    members.append(JSON.Member("responses", responses(route)))
    switch route.access {
    case .open: members.append(JSON.Member("security", .array([])))
    case .user: members.append(JSON.Member("security", .array([.object(["bearer": .array([])])])))
    case .scope(let scope):
      members.append(JSON.Member("security", .array([.object(["bearer": .array([.string(scope)])])])))
    }
    return .object(members)
  }

  private static func parameter(_ name: String, _ note: String) -> JSON {
    var members: [JSON.Member] = [
      JSON.Member("name", .string(name)), JSON.Member("in", "path"), JSON.Member("required", true),
      JSON.Member("schema", .object(["type": "string"])),
    ]
    if !note.isEmpty { members.append(JSON.Member("description", .string(note))) }
    return .object(members)
  }

  private static func requestBody(_ body: RouteBody) -> JSON? {
    switch body {
    case .none: return nil
    case .binary:
      return .object(["required": true, "content": .object(["application/octet-stream": .object([])])])
    case .json(let fields):
      var members: [JSON.Member] = [JSON.Member("type", "object"), JSON.Member("additionalProperties", false)]
      members.append(
        JSON.Member("required", .array(fields.filter(\.isRequired).map { .string($0.name) })))
      members.append(JSON.Member("properties", .object(fields.map { JSON.Member($0.name, schema($0)) })))
      return .object([
        "required": true,
        "content": .object(["application/json": .object(["schema": .object(members)])]),
      ])
    }
  }

  private static func schema(_ field: RouteField) -> JSON {
    var members = [JSON.Member("type", .string(field.kind.rawValue))]
    if let format = field.format { members.append(JSON.Member("format", .string(format))) }
    if !field.note.isEmpty { members.append(JSON.Member("description", .string(field.note))) }
    return .object(members)
  }

  private static func responses(_ route: Route) -> JSON {
    var members: [JSON.Member] = []
    for answer in route.answers {
      var response = [JSON.Member("description", .string(answer.meaning))]
      if answer.status >= 400 { response.append(JSON.Member("content", problemContent)) }
      members.append(JSON.Member(String(answer.status), .object(response)))
    }
    if route.access != .open {
      members.append(
        JSON.Member("401", .object(["description": "No valid token.", "content": problemContent])))
    }
    members.append(
      JSON.Member("default", .object(["description": "Any other failure.", "content": problemContent])))
    return .object(members)
  }

  private static let problemContent = JSON.object([
    "application/problem+json": .object(["schema": .object(["$ref": "#/components/schemas/Problem"])])
  ])

  private static let problemSchema = JSON.object([
    "type": "object", "required": .array(["type", "title", "status"]),
    "properties": .object([
      "type": .object(["type": "string", "format": "uri"]), "title": .object(["type": "string"]),
      "status": .object(["type": "integer"]), "detail": .object(["type": "string"]),
      "pointer": .object(["type": "string"]),
    ]),
  ])
}
