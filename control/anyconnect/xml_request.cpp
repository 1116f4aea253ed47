// libexpat, with DTDs refused at their first byte: no entities, no expansion, nothing external.
#include "control/anyconnect/xml_request.hpp"

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include <expat.h>

#include "control/anyconnect/client_text.hpp"
#include "control/http/form.hpp"

namespace culvert::control {
namespace {

struct FreeParser {
  void operator()(XML_Parser p) const noexcept { XML_ParserFree(p); }
};

class Handler {
 public:
  explicit Handler(XML_Parser parser) : parser_(parser) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(
        parser, [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
          static_cast<Handler*>(self)->stop("a document type declaration");
        });
    XML_SetProcessingInstructionHandler(parser, [](void* self, const XML_Char*, const XML_Char*) {
      static_cast<Handler*>(self)->stop("a processing instruction");
    });
  }

  AuthRequest request;
  std::string problem;

 private:
  void stop(const char* what) {
    if (problem.empty()) problem = what;
    XML_StopParser(parser_, XML_FALSE);
  }

  static void on_start(void* self, const XML_Char* name, const XML_Char** attributes) {
    static_cast<Handler*>(self)->start(name, attributes);
  }
  static void on_end(void* self, const XML_Char*) { static_cast<Handler*>(self)->end(); }
  static void on_text(void* self, const XML_Char* text, int size) {
    auto* handler = static_cast<Handler*>(self);
    if (handler->text_.append({text, static_cast<size_t>(size)})) return;
    handler->stop("a value that is too long");
  }

  void start(std::string_view name, const XML_Char** attributes) {
    if (path_.size() == kMaxXmlDepth) return stop("elements nested too deep");
    if (++elements_ > kMaxXmlElements) return stop("too many elements");
    if (name.size() > kMaxXmlText) return stop("a name that is too long");
    if (path_.empty()) root(name, attributes);
    path_.emplace_back(name);
    text_.clear();
  }

  void root(std::string_view name, const XML_Char** attributes) {
    if (name != "config-auth") return stop("a root element other than config-auth");
    for (size_t i = 0; attributes[i] != nullptr; i += 2) {
      if (std::string_view(attributes[i]) == "type") return type(attributes[i + 1]);
    }
    stop("no type");
  }

  void type(std::string_view value) {
    if (value == "init") {
      request.type = AuthRequestType::init;
    } else if (value == "auth-reply") {
      request.type = AuthRequestType::auth_reply;
    } else if (value == "logout") {
      request.type = AuthRequestType::logout;
    } else {
      stop("an unknown type");
    }
  }

  void end() {
    const std::string_view name = path_.back();
    if (path_.size() == 3 && path_[1] == "auth") {
      credential(name);
    } else if (path_.size() == 3 && path_[1] == "opaque" && name == "tunnel-group") {
      request.opaque_group = text_.view();
    } else if (path_.size() == 2) {
      detail(name);
    }
    text_.clear();
    path_.pop_back();
  }

  // openconnect renames `answer` and the like to password (xmlpost_append_form_opts).
  void credential(std::string_view name) {
    if (name == "username") {
      request.username = text_.view();
    } else if (name == "password") {
      request.password.clear();
      (void)request.password.append(text_.view());
      request.has_password = true;
    } else if (name == "group_list") {
      request.group = text_.view();
    }
  }

  void detail(std::string_view name) {
    if (name == "group-select") {
      request.group = text_.view();
    } else if (name == "session-token") {
      request.session_token.clear();
      (void)request.session_token.append(text_.view());
    } else if (name == "device-id") {
      request.device = client_text(text_.view());
    } else if (name == "client-cert-fail") {
      request.no_certificate = true;
    }
  }

  XML_Parser parser_;
  std::vector<std::string> path_;
  SecretText text_;
  size_t elements_ = 0;
};

static_assert(SecretText::kMaxSize == kMaxXmlText);

}  // namespace

AuthRequest parse_xml_request(std::string_view body) {
  // UTF-8 whatever the document claims: other encodings are only there to slip past checks.
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser> parser(
      XML_ParserCreate("UTF-8"));
  if (!parser) throw std::runtime_error("no memory for the XML parser");
  Handler handler(parser.get());
  const XML_Status status =
      XML_Parse(parser.get(), body.data(), static_cast<int>(body.size()), XML_TRUE);
  if (!handler.problem.empty()) {
    throw std::runtime_error("the client's XML has " + handler.problem);
  }
  if (status != XML_STATUS_OK) {
    throw std::runtime_error(std::string("the client's XML is broken: ") +
                             XML_ErrorString(XML_GetErrorCode(parser.get())));
  }
  handler.request.xml = true;
  return std::move(handler.request);
}

AuthRequest parse_form_request(std::string_view body) {
  AuthRequest request;
  bool fits = true;
  const bool good = http::parse_form(body, [&](std::string_view name, std::string_view value) {
    if (name == "username") {
      request.username = value.substr(0, kMaxXmlText + 1);
      fits = fits && value.size() <= kMaxXmlText;
    } else if (name == "password") {
      request.password.clear();
      fits = fits && request.password.append(value);
      request.has_password = true;
    } else if (name == "group_list" || name == "group-select") {
      request.group = value;
      fits = fits && value.size() <= kMaxXmlText;
    }
  });
  if (!good || !fits) throw std::runtime_error("the client's form is broken or too long");
  if (!request.username.empty() || request.has_password) request.type = AuthRequestType::auth_reply;
  return request;
}

AuthRequest parse_auth_request(std::string_view body) {
  const size_t start = body.find_first_not_of(" \t\r\n");
  const bool xml =
      start != body.npos && (body[start] == '<' || body.substr(start).starts_with("\xef\xbb\xbf<"));
  return xml ? parse_xml_request(body.substr(start)) : parse_form_request(body);
}

}  // namespace culvert::control
