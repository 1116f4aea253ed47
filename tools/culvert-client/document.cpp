// libexpat, with document types refused.
#include "tools/culvert-client/document.hpp"

#include <algorithm>
#include <memory>
#include <type_traits>

#include <expat.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

std::string attribute(const XML_Char** attributes, std::string_view name) {
  for (size_t i = 0; attributes[i] != nullptr; i += 2) {
    if (attributes[i] == name) return attributes[i + 1];
  }
  return {};
}

// As the ASA's clients do: the n-th %s is the element's param.
std::string filled_in(std::string text, const std::string& first, const std::string& second) {
  size_t at = 0;
  for (const std::string& param : {first, second}) {
    at = text.find("%s", at);
    if (at == std::string::npos) break;
    text.replace(at, 2, param);
    at += param.size();
  }
  return text;
}

// Whether it can stand in a request's line or header, and be all of what it is there: character references make any
// character, line ends among them.
bool is_one_word(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

class Reader {
 public:
  explicit Reader(XML_Parser parser) : parser_(parser) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(
        parser,
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
          static_cast<Reader*>(self)->start(name, attributes);
        },
        [](void* self, const XML_Char* name) { static_cast<Reader*>(self)->end(name); });
    XML_SetCharacterDataHandler(parser, [](void* self, const XML_Char* text, int size) {
      static_cast<Reader*>(self)->text_.append(text, static_cast<size_t>(size));
    });
    XML_SetStartDoctypeDeclHandler(
        parser, [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
          XML_StopParser(static_cast<Reader*>(self)->parser_, XML_FALSE);
        });
  }

  Document out;
  bool known_root = false;

 private:
  void start(std::string_view name, const XML_Char** attributes) {
    if (name == "config-auth" || name == "auth") known_root = true;
    if (name == "auth" && attribute(attributes, "id") == "success") out.complete = true;
    if (name == "client-cert-request") out.wants_certificate = true;
    if (name == "form") {
      out.has_form = true;
      if (const std::string action = attribute(attributes, "action"); !action.empty()) {
        out.action = action;
      }
    }
    if (name == "input") {
      out.inputs.push_back({attribute(attributes, "type"), attribute(attributes, "name"),
                            attribute(attributes, "value")});
    }
    if (name == "select") in_groups_ = attribute(attributes, "name") == "group_list";
    if (name == "option" && in_groups_) {
      out.groups.push_back(
          {attribute(attributes, "value"), "", attribute(attributes, "selected") == "true"});
    }
    first_ = attribute(attributes, "param1");
    second_ = attribute(attributes, "param2");
    text_.clear();
  }

  void end(std::string_view name) {
    if (name == "message" || name == "banner") out.message = filled_in(text(), first_, second_);
    if (name == "error") out.error = filled_in(text(), first_, second_);
    if (name == "session-token") out.session_token.assign(text_.begin(), text_.end());
    if (name == "select") in_groups_ = false;
    if (name == "option" && in_groups_) {
      out.groups.back().text = text();
      if (out.groups.back().value.empty()) out.groups.back().value = text();
    }
    text_.clear();
  }

  // For what is no secret.
  [[nodiscard]] std::string text() const { return {text_.begin(), text_.end()}; }

  XML_Parser parser_;
  control::http::WipingString text_;
  std::string first_, second_;
  bool in_groups_ = false;
};

}  // namespace

Document Document::parse(std::string_view body) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, void (*)(XML_Parser)> parser(
      XML_ParserCreate("UTF-8"), XML_ParserFree);
  if (!parser) throw Failure("no memory for the XML parser");
  Reader reader(parser.get());
  const XML_Status status =
      XML_Parse(parser.get(), body.data(), static_cast<int>(body.size()), XML_TRUE);
  if (status != XML_STATUS_OK || !reader.known_root) {
    throw Failure("the headend's answer to the log-in is no AnyConnect document");
  }
  if (!is_one_word(reader.out.action) || !is_one_word(reader.out.session_token)) {
    throw Failure("the headend's answer to the log-in has an action or a token that is none");
  }
  // Word for word, since the headend may have signed it.
  const size_t from = body.find("<opaque");
  const size_t to = body.find("</opaque>");
  if (from != body.npos && to != body.npos && from < to) {
    reader.out.opaque = body.substr(from, to + std::string_view("</opaque>").size() - from);
  }
  return std::move(reader.out);
}

}  // namespace culvert::client
