# SPDX-License-Identifier: Apache-2.0
"""
What the node types of tree-sitter's grammars mean for a value. Grammars agree on most names, so one table serves all of
them; where one means something else by a name, the language's own table says so.
"""

from __future__ import annotations

STRING, TEXT, BLOCK, COMMENT, CODE = "string", "plain text", "text block", "comment", "code"
ASSIGNED, DEFAULT, COMPARED, ARGUMENT = "assigned", "default argument", "comparison", "argument"
NAMED, PAIR, ANNOTATED, RETURNED = "named argument", "dictionary value", "annotation", "returned"
ELEMENT, LISTED, COMMAND, STATEMENT = (
    "element of markup",
    "element of a list",
    "argument of a command",
    "statement of its own",
)
OPERATION = "operation"
"""A comparison or a pair, as its operator says; else it is passed through."""


def _table(names_by_role: dict[str, str]) -> dict[str, str]:
    return {name: role for role, names in names_by_role.items() for name in names.split()}


LITERALS = _table(
    {
        STRING: """
            string string_literal interpreted_string_literal raw_string_literal encapsed_string raw_string
            ansi_c_string verbatim_string_literal interpolated_string_expression interpolated_string template_string
            char_literal line_string_literal multi_line_string_literal double_quote_scalar single_quote_scalar
            string_lit quoted_template AttValue quoted_attribute_value double_quoted_string single_quoted_string
            literal multiline_string_literal character_literal concatenated_string byte_string_literal
            expandable_string_literal verbatim_string_characters system_lib_string
        """,
        TEXT: "plain_scalar word unquoted_string CharData CData text attribute_value shell_fragment preproc_arg",
        BLOCK: "heredoc_body block_scalar heredoc_content nowdoc heredoc raw_text",
        COMMENT: "comment line_comment block_comment multiline_comment Comment",
    }
)
"""Node types that are a literal, and its kind."""

USES = _table(
    {
        ASSIGNED: """
            assignment variable_declarator assignment_expression property_declaration const_spec var_spec
            short_var_declaration assignment_statement init_declarator const_item static_item let_declaration
            val_definition var_definition const_element property_element variable_assignment attribute
            public_field_definition field_definition enum_assignment env_pair arg_instruction preproc_def label_pair
            augmented_assignment operator_assignment named_expression
        """,
        DEFAULT: """
            default_parameter typed_default_parameter assignment_pattern required_parameter optional_parameter
            keyword_parameter simple_parameter parameter optional_parameter_declaration function_value_parameters
            script_parameter_default class_parameter expansion
        """,
        COMPARED: "comparison_operator equality_expression test_command",
        OPERATION: "binary_expression binary infix_expression comparison_expression",
        ARGUMENT: "argument_list arguments value_arguments function_arguments call_suffix token_tree",
        NAMED: "keyword_argument named_argument labeled_argument",
        PAIR: """
            pair keyed_element object_elem field_initializer initializer_pair array_element_initializer
            block_mapping_pair flow_pair hash_entry
        """,
        ANNOTATED: "annotation_argument_list attribute_argument_list attribute_list attribute_item",
        RETURNED: "return_statement return_expression control_transfer_statement",
        ELEMENT: "element EmptyElemTag",
        LISTED: "array list tuple array_creation_expression array_literal block_sequence flow_sequence",
        COMMAND: "command command_elements",
        STATEMENT: "expression_statement",
    }
)
"""Node types that say what is done with the value below them; all others are passed through."""

OWN_USES = {
    "c_sharp": {"attribute": ANNOTATED},
    "dockerfile": {"shell_command": COMMAND},
    "java": {"annotation": ANNOTATED},
    "kotlin": {"parameter": ""},
    "php": {"attribute": ANNOTATED},
    "rust": {"attribute": ANNOTATED},
    "sql": {"alter_role": ASSIGNED, "create_role": ASSIGNED},
    "swift": {"function_declaration": DEFAULT, "dictionary_literal": PAIR},
    "xml": {"Attribute": ASSIGNED},
}
"""Where a language means something else by a name, or has a name of its own."""

SCOPES = frozenset(
    _table(
        {
            "scope": """
                function_definition function_declaration method_definition method_declaration method class_definition
                class_declaration class object_definition function_item mod_item namespace_declaration module
                call_expression call method_invocation function_call_expression constructor_declaration
                decorated_definition singleton_method object_declaration function_statement
            """
        }
    )
)
"""Node types whose beginning may say that what is below belongs to a test."""


def use_of(language: str, node_type: str) -> str:
    """What a node of that type does with the value below it, or empty."""
    own = OWN_USES.get(language)
    return own[node_type] if own and node_type in own else USES.get(node_type, "")
