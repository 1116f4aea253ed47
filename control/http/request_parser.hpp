// One HTTP/1.1 request, parsed from plaintext as it comes, with limits.
//
// Boost.Beast does the grammar. In front of it stands what Beast tolerates and a front end and a
// back end could read in two ways (RFC 9112 §11.2): folded lines, bare CR or LF, control
// characters, several lengths, several hosts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "control/http/message.hpp"
#include "control/http/wiping_allocator.hpp"

namespace culvert::control::http {

inline constexpr size_t kMaxRequestLine = 8 * 1024;
inline constexpr size_t kMaxHeader = 16 * 1024;  // request line and header fields
inline constexpr size_t kMaxBody = 256 * 1024;
inline constexpr size_t kMaxFields = 100;

class RequestParser {
 public:
  enum class State : uint8_t { more, complete, refused };

  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes all of `plaintext`. Bytes behind the end of the request make it `refused` with 400:
  // pipelining would put bytes into OpenSSL's hands that belong to the tunnel.
  State feed(std::string_view plaintext);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] unsigned status() const noexcept { return status_; }  // why: 400, 413, 414, …
  [[nodiscard]] bool idle() const noexcept { return bytes_ == 0; }    // nothing has come yet
  // In `complete`. Makes the parser ready for the next request.
  [[nodiscard]] Request take();

 private:
  struct Beast;
  State refuse(unsigned status) noexcept;
  // Whether the first `size` bytes of header_ may begin one. Looks at each byte once, however many pieces it comes in.
  [[nodiscard]] bool look_at(size_t size) noexcept;
  void parse_header(size_t header_size);
  void parse_body(std::string_view bytes);

  std::unique_ptr<Beast> beast_;
  WipingString header_;
  size_t looked_at_ = 0;                          // bytes of header_
  size_t request_line_ = std::string_view::npos;  // bytes, once its end has come
  WipingString piece_;
  size_t bytes_ = 0;
  State state_ = State::more;
  unsigned status_ = 0;
};

}  // namespace culvert::control::http
