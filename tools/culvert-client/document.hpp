// The XML documents of the log-in, as a client reads them: a form, an error, or "complete".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/http/wiping_allocator.hpp"

namespace culvert::client {

struct Input {
  std::string type{};  // text, password, hidden
  std::string name{};
  std::string value{};
};

struct Choice {
  std::string value{};
  std::string text{};
  bool selected = false;
};

struct Document {
  bool complete = false;           // <auth id="success">
  bool wants_certificate = false;  // <client-cert-request>
  std::string message{};           // with %s filled in
  std::string error{};             // likewise; "" if there is none
  control::http::WipingString session_token{};
  std::string opaque{};  // the element as it came, which is to be repeated
  std::string action = "/";
  bool has_form = false;
  std::vector<Input> inputs{};
  std::vector<Choice> groups{};  // of <select name="group_list">

  // Throws Failure for what is no such document.
  [[nodiscard]] static Document parse(std::string_view body);
};

}  // namespace culvert::client
